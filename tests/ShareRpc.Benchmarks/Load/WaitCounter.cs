using Microsoft.Extensions.Logging;

namespace ShareRpc.Benchmarks.Load;

/// <summary>Counts how often the client library was asked by a server to wait. Any thread.</summary>
internal sealed class WaitCounter : ILoggerFactory, ILogger
{
    /// <summary>The id of the library's message that a share waits.</summary>
    private const int WaitingEvent = 103;
    private int count;

    public int Count => Volatile.Read(ref count);

    public ILogger CreateLogger(string categoryName) => this;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (eventId.Id == WaitingEvent) Interlocked.Increment(ref count);
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
