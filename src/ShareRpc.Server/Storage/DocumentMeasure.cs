namespace ShareRpc.Server.Storage;

/// <summary>What is kept beside a document: its size as <c>document_bytes</c> counts, and what it is about.</summary>
internal sealed record DocumentMeasure(long Size, ContentClass Class)
{
    public static readonly DocumentMeasure None = new(0, ContentClass.Unknown);
}
