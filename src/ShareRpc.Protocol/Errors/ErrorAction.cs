using System.Text.Json;

namespace ShareRpc.Protocol.Errors;

/// <summary>Reaction to an error (SPEC [ERR-7]).</summary>
public enum ErrorAction
{
    /// <summary>Wait, then repeat.</summary>
    Retry,

    /// <summary>Redeem again; reconnect if needed.</summary>
    Redeem,

    /// <summary>Use a new writer id.</summary>
    NewWriter,

    /// <summary>Resend after <c>acked_seq</c>.</summary>
    ResendFrom,

    /// <summary>Send smaller batches; park a refused single op.</summary>
    Split,

    /// <summary>Park the ops and continue.</summary>
    Park,

    /// <summary>Stop using this access.</summary>
    Stop,

    /// <summary>Let the caller decide.</summary>
    Ask,
}

internal static class ErrorActionNames
{
    private static readonly string[] Names =
        [.. Enum.GetNames<ErrorAction>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];

    public static string NameOf(ErrorAction action) => Names[(int)action];

    public static ErrorAction? Find(string? name) =>
        Array.IndexOf(Names, name) is >= 0 and var at ? (ErrorAction)at : null;
}
