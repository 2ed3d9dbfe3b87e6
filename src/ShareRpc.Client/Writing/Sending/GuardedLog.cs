using Microsoft.Extensions.Logging;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>A caller's logger whose own failures stop nothing.</summary>
internal sealed class GuardedLog(ILogger inner) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => inner.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => Guard(() => inner.IsEnabled(logLevel));

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) => Guard(() =>
    {
        inner.Log(logLevel, eventId, state, exception, formatter);
        return true;
    });

    private static bool Guard(Func<bool> use)
    {
        try
        {
            return use();
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            return false;
        }
    }
}
