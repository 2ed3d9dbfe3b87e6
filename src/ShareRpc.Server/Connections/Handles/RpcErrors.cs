using System.Text.Json;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Connections.Handles;

/// <summary>What a failed call of one connection is answered with: never an exception's own text.</summary>
internal sealed class RpcErrors(TimeSpan storageRetryAfter, long connection, ILogger log)
{
    /// <summary>The error of a call beyond <c>calls_in_flight</c>.</summary>
    public static readonly ShareRpcException TooManyCalls =
        new(ErrorCode.TooManyCalls) { RetryAfter = TimeSpan.FromMilliseconds(100) };

    /// <summary>The protocol's error for an exception; logged when it is the server's fault.</summary>
    public ShareRpcException Of(Exception exception, string? method)
    {
        if (exception is ShareRpcException known) return known;
        // the parameters were not of the method's shape
        if (exception is JsonException) return new ShareRpcException(ErrorCode.InvalidParams);
        if (exception is StorageException medium)
        {
            log.ReadFailed(medium, connection, NameOf(method));
            if (medium.Failure == StorageFailure.Damaged) log.StorageDamaged();
            return new ShareRpcException(ErrorCode.StorageUnavailable) { RetryAfter = storageRetryAfter };
        }

        log.CallFailed(exception, connection, NameOf(method));
        return new ShareRpcException(ErrorCode.Internal);
    }

    /// <summary>The name without the handle's number, and only if it looks like one: it came from the peer.</summary>
    private static string NameOf(string? method)
    {
        string name = method is null ? "" : method[(method.LastIndexOf('/') + 1)..];
        return name.Length <= 32 && name.All(char.IsAsciiLetter) ? name : "?";
    }
}
