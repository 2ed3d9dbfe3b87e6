using System.Text.Json;

namespace ShareRpc.Protocol.Errors;

/// <summary>What a client does about an error, also one whose name it does not know (SPEC [ERR-7]).</summary>
public enum ErrorAction
{
    /// <summary>Wait as long as asked, else back off; then the same again.</summary>
    Retry,

    /// <summary>
    /// The handle, or the grant, is of no use any more: redeem again, on a new connection if this one closes.
    /// </summary>
    Redeem,

    /// <summary>Go on under a new writer id.</summary>
    NewWriter,

    /// <summary>Send again from behind <c>acked_seq</c>.</summary>
    ResendFrom,

    /// <summary>Send less at once, down to a single op; park the one that is refused alone.</summary>
    Split,

    /// <summary>Lay what was sent aside, visibly, and go on.</summary>
    Park,

    /// <summary>Send nothing more with this access.</summary>
    Stop,

    /// <summary>A person, or the program's own logic, has to decide: a passphrase, a changed head.</summary>
    Ask,
}

/// <summary>Actions as the wire's strings.</summary>
internal static class ErrorActionNames
{
    private static readonly string[] Names =
        [.. Enum.GetNames<ErrorAction>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];

    public static string NameOf(ErrorAction action) => Names[(int)action];

    /// <summary>Returns null for a string that this version does not know.</summary>
    public static ErrorAction? Find(string? name) =>
        Array.IndexOf(Names, name) is >= 0 and var at ? (ErrorAction)at : null;
}
