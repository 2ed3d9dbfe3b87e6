using System.Collections.Immutable;
using System.Text.Json;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.LeftOut;

/// <summary>
/// The documents of a session in whose place a placeholder was sent, kept with its share. One writer; any thread reads.
/// </summary>
public sealed class LeftOutDocuments
{
    /// <summary>The bookmark with the list as JSON; a crash may lose one pass.</summary>
    public const string BookmarkName = "sources.left_out";

    private const int MostListed = 100;

    // Replaced, never changed: other threads read it.
    private volatile ImmutableList<LeftOutDocument> listed = [];
    private string? stored;

    /// <summary>Gets the first 100, oldest first.</summary>
    public IReadOnlyList<LeftOutDocument> Listed => listed;

    /// <summary>Parses what was stored; empty for null or another version's text.</summary>
    public static LeftOutDocuments FromJson(string? json)
    {
        var documents = new LeftOutDocuments { stored = json };
        try
        {
            documents.listed = JsonSerializer.Deserialize<ImmutableList<LeftOutDocument>>(
                json ?? "[]", ProtocolJson.Options) ?? [];
        }
        catch (JsonException)
        {
            // It is listed again when it is sent again.
        }

        return documents;
    }

    /// <summary>Reads what is kept with a share.</summary>
    public static async Task<LeftOutDocuments> ReadAsync(ShareWriter writer, CancellationToken cancellationToken) =>
        FromJson(await writer.ReadBookmarkAsync(BookmarkName, cancellationToken).ConfigureAwait(false));

    /// <summary>
    /// Returns an op that can be sent, with a placeholder where its document cannot, and notes it. Null if neither can.
    /// A placeholder is looked through again: of what cannot be read, nothing may have been found before.
    /// </summary>
    internal OpIntent? Fit(OpIntent op, SecretFilter filter)
    {
        if (op.Kind == Kinds.Turn) return op;
        if (OmittedDocument.Fit(op, ProtocolLimits.Default) is not var (fitting, reason)) return null;
        if (reason is null)
        {
            Forget(op.Kind, op.Key);
            return fitting;
        }

        fitting = fitting with { Data = filter.Clean(fitting.Data) };
        Note(op.Kind, op.Key, fitting.Data!.Value);
        return fitting;
    }

    /// <summary>Notes a placeholder.</summary>
    internal void Note(string kind, string key, RawJson placeholder)
    {
        Forget(kind, key);
        if (listed.Count >= MostListed || OmittedDocument.Read(placeholder) is not var (size, name, reason)) return;
        using JsonDocument document = placeholder.ToDocument();
        string? message = kind == Kinds.Message ? key
            : document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("messageID", out JsonElement id)
                && id.ValueKind == JsonValueKind.String ? id.GetString() : null;
        listed = listed.Add(new LeftOutDocument(kind, key, message, name, size, reason));
    }

    internal async Task StoreAsync(ShareWriter writer, CancellationToken cancellationToken)
    {
        string json = JsonSerializer.Serialize(listed, ProtocolJson.Options);
        if (json == (stored ?? "[]")) return;
        var options = new EnqueueOptions { Bookmark = new Bookmark(BookmarkName, json) };
        await writer.EnqueueAsync([], options, cancellationToken).ConfigureAwait(false);
        stored = json;
    }

    private void Forget(string kind, string key)
    {
        if (listed.Count > 0) listed = listed.RemoveAll(one => one.Kind == kind && one.Key == key);
    }
}

/// <summary>A document in whose place a placeholder was sent.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Key">Its key.</param>
/// <param name="Message">The message that it is, or is a part of; null for other kinds.</param>
/// <param name="Name">What names it: a file, a tool, a type. A stranger's text.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Reason">One of the constants of <see cref="OmittedDocument"/>.</param>
public sealed record LeftOutDocument(string Kind, string Key, string? Message, string Name, long Size, string Reason);
