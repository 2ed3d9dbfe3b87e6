using System.Net.Sockets;
using System.Net.WebSockets;
using ShareRpc.Cli.State;
using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server;
using ShareRpc.Server.Storage;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Cli;

internal static class Failure
{
    public static (int ExitCode, string Message) Of(Exception error) => error switch
    {
        CliException known => (known.ExitCode, known.Message),
        OpencodeException or UnknownStorageException or ServerStartException or StorageException or OutboxException =>
            (ExitCode.Error, error.Message),
        ShareRpcException refused => (Of(refused), refused.Hint),
        DisconnectedException { Server: not null } lost => (ExitCode.Unreachable, Unreachable(lost)),
        DisconnectedException or WebSocketException or HttpRequestException or SocketException or TimeoutException =>
            (ExitCode.Unreachable,
                "The server cannot be reached. Check that it is running (sharerpc serve) and that --server is right."),
        OperationCanceledException => (ExitCode.Ok, "Stopped."),
        CredentialStoreException => (ExitCode.Error, error.Message),
        UnauthorizedAccessException or IOException => (ExitCode.Error, LocalFile.Describe(error)),
        _ => (ExitCode.Error,
            $"Unexpected error ({error.GetType().Name}). What was queued is safe. Run the command again."),
    };

    /// <summary>Says which server did not answer, and what stood between.</summary>
    public static string Unreachable(DisconnectedException lost)
    {
        if (lost.IsCertificateRefused)
            return $"The certificate of {lost.Server} is not one that this machine trusts. Check the address, or add "
                + "its authority to the system's certificates (or name its file by SSL_CERT_FILE).";
        return lost.Proxy is { } proxy
            ? $"No server answers at {lost.Server} through the proxy {proxy}, which the environment names. Check the "
                + "proxy, or put the server's host into NO_PROXY."
            : $"No server answers at {lost.Server}. Check that it is running (sharerpc serve) and that --server is "
                + "right.";
    }

    /// <summary>Returns whether an error is an answer of the server, or that there was none.</summary>
    public static bool IsOfServer(Exception error) =>
        error is ShareRpcException or DisconnectedException or OperationCanceledException;

    /// <summary>Returns the exit code of an answer of the server.</summary>
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
