using System.Text.Json;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Diagnostics;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Connections.Handles;

internal sealed class RpcErrors(TimeSpan storageRetryAfter, long connection, ServerMetrics metrics, ILogger log)
{
    public static readonly ShareRpcException TooManyCalls =
        new(ErrorCode.TooManyCalls) { RetryAfter = TimeSpan.FromMilliseconds(100) };

    public static readonly ShareRpcException Overloaded =
        new(ErrorCode.Overloaded) { RetryAfter = TimeSpan.FromMilliseconds(250) };

    public ShareRpcException Of(Exception exception, string? method)
    {
        ShareRpcException answer = Find(exception, method);
        Note(answer);
        return answer;
    }

    /// <summary>Counts an error that the caller has found itself.</summary>
    public void Note(ShareRpcException answer) => metrics.Answered(answer.Code);

    private ShareRpcException Find(Exception exception, string? method)
    {
        if (exception is ShareRpcException known) return known;
        if (exception is JsonException) return new ShareRpcException(ErrorCode.InvalidParams);
        if (exception is StorageException medium)
        {
            log.ReadFailed(medium, connection, NameOf(method));
            if (medium.Failure == StorageFailure.Damaged) log.StorageDamaged();
            return new ShareRpcException(ErrorCode.StorageUnavailable) { RetryAfter = storageRetryAfter };
        }

        // A call that its connection's end has cancelled: nobody is there to be told.
        if (exception is not OperationCanceledException) log.CallFailed(exception, connection, NameOf(method));
        return new ShareRpcException(ErrorCode.Internal);
    }

    /// <summary>Returns the method name without handle number if well-formed, since the peer chose it.</summary>
    public static string NameOf(string? method)
    {
        string name = method is null ? "" : method[(method.LastIndexOf('/') + 1)..];
        return name.Length <= 32 && name.All(char.IsAsciiLetter) ? name : "?";
    }
}
