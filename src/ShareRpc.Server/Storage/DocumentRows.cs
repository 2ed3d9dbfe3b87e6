using ShareRpc.Protocol.Json;

namespace ShareRpc.Server.Storage;

/// <summary>
/// A folded document, or with no data the news that it was removed. Size is what it counts as against <c>document_bytes</c>: the data
/// bytes of its last put and of every append since. Class says what it is about.
/// </summary>
internal sealed record StoredDoc(string Kind, string Key, long Cursor, RawJson? Data, long Size, ContentClass Class);

/// <summary>What is kept beside a document: its size as <c>document_bytes</c> counts, and what it is about.</summary>
internal sealed record DocumentMeasure(long Size, ContentClass Class)
{
    public static readonly DocumentMeasure None = new(0, ContentClass.Absent);
}

/// <summary>
/// What a document is about, as far as redaction goes. Decided when an op is committed, and stored as it is before and
/// after the op: an <c>append</c> does not say itself what it adds to. The numbers are in rows.
/// </summary>
internal enum ContentClass
{
    /// <summary>Hidden from every redacted reader.</summary>
    Unknown = 0,

    /// <summary>What may be seen, within its kind's fields.</summary>
    Plain = 1,

    Reasoning = 2,

    Tool = 3,

    File = 4,

    /// <summary>There is no document.</summary>
    Absent = 5,

    /// <summary>With one of the above: an array, which an append replaces. Kept until the next put.</summary>
    Array = 8,

    /// <summary>With one of the above: a listed text field is repeated or no text, so an append would replace it.</summary>
    Odd = 16,
}
