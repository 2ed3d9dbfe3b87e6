using System.IO.Hashing;
using System.Text.Json;
using System.Text.Unicode;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Following;

/// <summary>
/// Makes ops from documents: secrets replaced first, puts with <c>if_changed</c> and fresh ids. Leaves out what this
/// object put last in the same form, for a bounded number of documents.
/// </summary>
internal sealed class SourceOps
{
    private const int MostRemembered = 8192;

    private readonly Dictionary<(string Kind, string Key), UInt128> last = [];

    /// <summary>Gets the number of documents left out: over a limit or no UTF-8.</summary>
    public int Skipped { get; private set; }

    /// <summary>Returns the ops of changes, but of turns.</summary>
    public IEnumerable<OpIntent> Of(IEnumerable<DocumentChange> changes, SecretFilter filter)
    {
        foreach (DocumentChange change in changes.Where(change => change.Kind != Kinds.Turn))
        {
            if (change.Data is not { } data)
            {
                last.Remove((change.Kind, change.Key));
                yield return new OpIntent
                {
                    OpId = OpId.New(), Verb = Verbs.Remove, Kind = change.Kind, Key = change.Key,
                };
            }
            else if (Put(change, filter.Clean(data)) is { } put)
            {
                yield return put;
            }
        }
    }

    /// <summary>Forgets what was put: it may not have been stored, or others wrote since.</summary>
    public void Clear() => last.Clear();

    public static OpIntent PutOf(string kind, string key, RawJson data) =>
        new() { OpId = OpId.New(), Verb = Verbs.Put, Kind = kind, Key = key, Data = data, IfChanged = true };

    private OpIntent? Put(DocumentChange change, RawJson data)
    {
        OpIntent op = PutOf(change.Kind, change.Key, data);
        if (!Utf8.IsValid(data.Utf8.Span) || OpRules.Check(op, ProtocolLimits.Default) is not null)
        {
            Skipped++;
            if (Placeholder(change) is not { } notice) return null;
            op = PutOf(change.Kind, change.Key, notice);
            if (OpRules.Check(op, ProtocolLimits.Default) is not null) return null;
        }

        UInt128 digest = XxHash128.HashToUInt128(op.Data!.Value.Utf8.Span);
        if (last.TryGetValue((op.Kind, op.Key), out UInt128 before) && before == digest) return null;
        if (last.Count >= MostRemembered) last.Clear();
        last[(op.Kind, op.Key)] = digest;
        return op;
    }

    /// <summary>Returns what says in a part's place that it was left out; null for other kinds.</summary>
    private static RawJson? Placeholder(DocumentChange change)
    {
        if (change.Kind != Kinds.Part) return null;
        try
        {
            using JsonDocument document = change.Data!.Value.ToDocument();
            JsonElement root = document.RootElement;
            return SessionFormat.Notice(
                root.GetProperty("sessionID").GetString()!, root.GetProperty("messageID").GetString()!, change.Key,
                root.GetProperty("type").GetString()!, "left out: larger or deeper than a document may be").Data;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
