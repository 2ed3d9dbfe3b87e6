namespace ShareRpc.Cli;

/// <summary>Ends a command: one line for people, with the next step, and an exit code.</summary>
internal sealed class CliException(int exitCode, string message) : Exception(message)
{
    public int ExitCode => exitCode;
}
