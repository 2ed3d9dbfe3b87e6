using Microsoft.AspNetCore.Http;
using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Http;

internal static class HttpStatus
{
    public static int Of(ErrorCode code) => code switch
    {
        ErrorCode.InvalidParams or ErrorCode.InvalidBatch => StatusCodes.Status400BadRequest,
        ErrorCode.InvalidToken => StatusCodes.Status401Unauthorized,
        ErrorCode.CapabilityRevoked or ErrorCode.CapabilityExpired or ErrorCode.CapabilitySuspended
            or ErrorCode.Forbidden
            or ErrorCode.PassphraseRequired or ErrorCode.CapabilityUsedUp => StatusCodes.Status403Forbidden,
        ErrorCode.NotFound or ErrorCode.MethodNotFound => StatusCodes.Status404NotFound,
        ErrorCode.ShareEnded or ErrorCode.IdTaken or ErrorCode.CursorMismatch or ErrorCode.WriterForked
            or ErrorCode.SequenceGap
            or ErrorCode.WriterTaken => StatusCodes.Status409Conflict,
        ErrorCode.ShareDeleted => StatusCodes.Status410Gone,
        ErrorCode.TooLarge => StatusCodes.Status413PayloadTooLarge,
        ErrorCode.RateLimited or ErrorCode.TooManyCalls or ErrorCode.RejectionsExceeded =>
            StatusCodes.Status429TooManyRequests,
        ErrorCode.Overloaded or ErrorCode.Draining or ErrorCode.StorageUnavailable or ErrorCode.RevocationNotDurable =>
            StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };
}
