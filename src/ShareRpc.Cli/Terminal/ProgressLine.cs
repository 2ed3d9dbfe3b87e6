using ShareRpc.Server.Storage.Sqlite.Checking;

namespace ShareRpc.Cli.Terminal;

/// <summary>Says how far a long work is, on the error stream, once a second at the most. Nothing for programs.</summary>
internal sealed class ProgressLine(Output output, TimeProvider time) : IProgress<CheckProgress>
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private long said = time.GetTimestamp();

    public void Report(CheckProgress value)
    {
        if (output.IsJson || time.GetElapsedTime(said) < Interval) return;
        said = time.GetTimestamp();
        output.Errors.WriteLine(value.Total > 0 ? $"{value.Step}: {value.Done} of {value.Total}" : $"{value.Step}…");
    }
}
