namespace ShareRpc.Cli;

/// <summary>What the tool's exit codes mean; the same for every command.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Error = 1;
    public const int Usage = 2;
    public const int Denied = 3;
    public const int Unreachable = 4;
}
