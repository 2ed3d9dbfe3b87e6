using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using ShareRpc.Protocol.Ids;

namespace ShareRpc.Protocol.Ops;

/// <summary>Names a comment and what it is on: <c>kind/key/id</c> (SPEC [COMMENT-2]).</summary>
/// <param name="Kind">The kind of the document: message, part or session_diff.</param>
/// <param name="Key">The key of the document.</param>
/// <param name="Id">The comment's own id, unique on the document; random.</param>
public sealed record CommentKey(string Kind, string Key, string Id)
{
    private const int MaxIdLength = 64;

    /// <summary>Returns a key for a new comment on a document.</summary>
    public static CommentKey New(string kind, string key) => new(kind, key, RandomId.New());

    /// <summary>Parses the key of a comment; false if it is not of that form.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out CommentKey? key)
    {
        key = null;
        if (text is null) return false;
        (int first, int last) = (text.IndexOf('/', StringComparison.Ordinal), text.LastIndexOf('/'));
        if (last <= first + 1) return false;
        var found = new CommentKey(text[..first], text[(first + 1)..last], text[(last + 1)..]);
        if (found.Kind is not (Kinds.Message or Kinds.Part or Kinds.SessionDiff) || !IsId(found.Id)) return false;
        key = found;
        return true;
    }

    /// <summary>Returns the key of another comment on the same document.</summary>
    public string Beside(string id) => $"{Kind}/{Key}/{id}";

    /// <summary>Returns the key as it is written.</summary>
    public override string ToString() => Beside(Id);

    /// <summary>
    /// Returns the id that stands for a ref in what it says: it names no token, and whoever may list the ref can
    /// compute it.
    /// </summary>
    public static string AuthorOf(string capId) =>
        Base62.Encode(SHA256.HashData(Encoding.UTF8.GetBytes($"author {capId}")).AsSpan(0, 16), RandomId.Length);

    /// <summary>Returns who is named as the actor of an op to its readers.</summary>
    internal static string ActorOf(string kind, string capId) => kind == Kinds.Comment ? AuthorOf(capId) : capId;

    internal static bool IsId(string? id) => id is { Length: > 0 and <= MaxIdLength }
        && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
