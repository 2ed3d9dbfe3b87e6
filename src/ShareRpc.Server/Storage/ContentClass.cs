namespace ShareRpc.Server.Storage;

/// <summary>
/// What a document is about, as far as redaction goes. Decided when an op is committed, from the document as it is after it, and stored:
/// an <c>append</c> does not say itself what it adds to. The numbers are in rows.
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
}
