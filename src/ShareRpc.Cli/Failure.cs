using System.Net.Sockets;
using System.Net.WebSockets;
using ShareRpc.Client;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server;
using ShareRpc.Server.Storage;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Cli;

internal static class Failure
{
    public static (int ExitCode, string Message) Of(Exception error) => error switch
    {
        CliException known => (known.ExitCode, known.Message),
        OpencodeException or ServerStartException or StorageException or OutboxException =>
            (ExitCode.Error, error.Message),
        ShareRpcException refused => (Of(refused), refused.Hint),
        DisconnectedException { Server: { } server } =>
            (ExitCode.Unreachable,
                $"No server answers at {server}. Check that it is running (sharerpc serve) and that --server is "
                    + "right."),
        DisconnectedException or WebSocketException or HttpRequestException or SocketException or TimeoutException =>
            (ExitCode.Unreachable,
                "The server cannot be reached. Check that it is running (sharerpc serve) and that --server is right."),
        OperationCanceledException => (ExitCode.Ok, "Stopped."),
        UnauthorizedAccessException or IOException => (ExitCode.Error, error.Message),
        _ => (ExitCode.Error,
            $"Unexpected error ({error.GetType().Name}). What was queued is safe. Run the command again."),
    };

    public static int Of(ShareRpcException refused)
    {
        if (ErrorCodes.IsAuthority(refused.Code)) return ExitCode.Denied;
        return refused.IsTransient ? ExitCode.Unreachable : ExitCode.Error;
    }
}

/// <summary>Ends a command with one line that contains the next step.</summary>
internal sealed class CliException(int exitCode, string message) : Exception(message)
{
    public int ExitCode => exitCode;
}

internal static class ExitCode
{
    public const int Ok = 0;
    public const int Error = 1;
    public const int Usage = 2;
    public const int Denied = 3;
    public const int Unreachable = 4;
}
