using System.Runtime.CompilerServices;
using System.Text.Unicode;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode.Files;

/// <summary>
/// Reads a session: messages, each before its parts, then diffs and to-do list. opencode writes in place, so broken
/// JSON is read again.
/// </summary>
internal sealed class SessionDocuments(
    StorageTree tree, SessionForm form, SecretFilter filter, TimeProvider time, Revert? revert = null)
{
    public const int Retries = 4;

    /// <summary>Once for all broken files.</summary>
    public static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(250);

    private List<Entry> late = [];

    public SkipList Skips { get; } = new();

    public async IAsyncEnumerable<FoundDocument> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var entries = new List<Entry>();
        entries.AddRange(
            tree.Files($"message/{form.SessionId}", Skips).Select(file => new Entry(Kinds.Message, file, null)));
        foreach (string kind in form.IsSubagent ? Array.Empty<string>() : [Kinds.SessionDiff, Kinds.Todo])
        {
            if (tree.Find(kind, form.SessionId) is { } file) entries.Add(new Entry(kind, file, null));
        }

        for (int look = 0; look <= Retries && entries.Count > 0; look++)
        {
            if (look > 0) await Task.Delay(RetryPause, time, cancellationToken).ConfigureAwait(false);
            foreach (FoundDocument found in entries.SelectMany(Read))
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return found;
            }

            (entries, late) = (late, []);
        }

        foreach (Entry entry in entries)
        {
            Skips.Add(entry.File.Path, SkipReason.NotJson);
            bool isText = FileContent.Read(entry.File).Bytes is not { } content || Utf8.IsValid(content);
            if (!isText && entry.Kind is Kinds.Message or Kinds.Part)
            {
                RawJson placeholder = filter.Clean(form.Of(entry.Kind, Placeholder(entry, SkipReason.NotJson)));
                yield return new FoundDocument(
                    OpencodeOps.Put(entry.Kind, entry.File.Id, placeholder), entry.MessageId, IsPlaceholder: true);
            }

            if (entry.Kind == Kinds.Message) SkipParts(entry.File.Id);
        }
    }

    private IEnumerable<FoundDocument> Read(Entry entry)
    {
        (RawJson? data, SkipReason? reason) = DocumentOf(entry);
        if (reason == SkipReason.NotJson)
        {
            late.Add(entry);
            yield break;
        }

        bool isPlaceholder = false;
        if (reason is SkipReason.TooLarge or SkipReason.OverLimits)
        {
            (data, isPlaceholder) = (Placeholder(entry, reason.Value), true);
        }

        if (data is { } document)
        {
            RawJson made = Marked(entry, filter.Clean(form.Of(entry.Kind, document)));
            OpIntent op = OpencodeOps.Put(entry.Kind, entry.File.Id, made);
            if (OmittedDocument.Fit(op, ProtocolLimits.Default) is not var (fitting, why))
            {
                reason = SkipReason.OverLimits;
            }
            else
            {
                if (why is not null) reason = SkipReason.OverLimits;
                isPlaceholder |= why is not null;
                if (why is not null) fitting = fitting with { Data = filter.Clean(fitting.Data) };
                yield return new FoundDocument(fitting, entry.MessageId, isPlaceholder);
            }
        }

        if (reason is { } said) Skips.Add(entry.File.Path, said);
        if (entry.Kind != Kinds.Message) yield break;
        string messageId = entry.File.Id;
        if (reason is not null && !isPlaceholder)
        {
            SkipParts(messageId);
            yield break;
        }

        foreach (StorageFile part in tree.Files($"part/{messageId}", Skips))
        {
            foreach (FoundDocument found in Read(new Entry(Kinds.Part, part, messageId))) yield return found;
        }
    }

    private RawJson Marked(Entry entry, RawJson document) => entry switch
    {
        { MessageId: { } messageId } => Revert.Mark(document, revert?.Undoes(messageId, entry.File.Id) == true),
        { Kind: Kinds.Message } => Revert.Mark(document, revert?.Undoes(entry.File.Id) == true),
        _ => document,
    };

    /// <summary>Makes what stands in the place of a file that cannot be sent.</summary>
    private RawJson Placeholder(Entry entry, SkipReason reason)
    {
        (byte[]? content, _) = FileContent.Read(entry.File);
        (string, string)[] ids = entry.MessageId is { } messageId
            ? [("id", entry.File.Id), ("sessionID", form.SessionId), ("messageID", messageId)]
            : entry.Kind == Kinds.Message ? [("id", entry.File.Id), ("sessionID", form.SessionId)] : [];
        return OmittedDocument.Make(entry.Kind, content ?? default, new FileInfo(entry.File.FullPath).Length,
            reason switch
            {
                SkipReason.TooLarge => OmittedDocument.TooLarge,
                SkipReason.NotJson => OmittedDocument.InvalidUtf8,
                _ => OmittedDocument.TooDeep,
            },
            ids);
    }

    private void SkipParts(string messageId)
    {
        foreach (StorageFile part in tree.Files($"part/{messageId}", Skips)) Skips.Add(part.Path, SkipReason.NoMessage);
    }

    private (RawJson? Data, SkipReason? Reason) DocumentOf(Entry entry)
    {
        (byte[]? content, SkipReason? reason) = FileContent.Read(entry.File);
        if (content is null) return (null, reason);
        return entry switch
        {
            { Kind: Kinds.Message } => FileDocument.OfObject(
                content, ("id", entry.File.Id), ("sessionID", form.SessionId)),
            { MessageId: { } messageId } => FileDocument.OfObject(
                content, ("id", entry.File.Id), ("sessionID", form.SessionId), ("messageID", messageId)),
            _ => FileDocument.OfList(entry.Kind, content),
        };
    }

    private sealed record Entry(string Kind, StorageFile File, string? MessageId);
}

/// <summary>A document of a tree, as the op that puts it.</summary>
/// <param name="Op">With a fresh id and <c>if_changed</c>.</param>
/// <param name="MessageId">Of a part: its message.</param>
/// <param name="IsPlaceholder">It stands for a document that cannot be sent.</param>
internal sealed record FoundDocument(OpIntent Op, string? MessageId, bool IsPlaceholder = false);
