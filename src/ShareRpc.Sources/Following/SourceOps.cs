using System.IO.Hashing;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.LeftOut;
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

    /// <summary>Gets the number of documents that were not sent whole: over a limit or no UTF-8.</summary>
    public int Skipped { get; private set; }

    /// <summary>Gets the documents in whose place a placeholder was sent.</summary>
    public LeftOutDocuments LeftOut { get; set; } = new();

    /// <summary>Gets the messages of subagents.</summary>
    public SubagentMarks Subagents { get; } = new();

    /// <summary>Returns the ops of changes, but of turns.</summary>
    public IEnumerable<OpIntent> Of(IEnumerable<DocumentChange> changes, SecretFilter filter)
    {
        foreach (DocumentChange source in changes.Where(change => change.Kind != Kinds.Turn))
        {
            if (!OpRules.IsKey(source.Key))
            {
                Skipped++;
                continue;
            }

            DocumentChange change = Subagents.Mark(source);
            if (change.Data is not { } data)
            {
                last.Remove((change.Kind, change.Key));
                yield return new OpIntent
                {
                    OpId = OpId.New(), Verb = Verbs.Remove, Kind = change.Kind, Key = change.Key,
                };
            }
            else if (Put(change, filter.Clean(data), filter) is { } put)
            {
                yield return put;
            }
        }
    }

    /// <summary>Forgets what was put: it may not have been stored, or others wrote since.</summary>
    public void Clear() => last.Clear();

    public static OpIntent PutOf(string kind, string key, RawJson data) =>
        new() { OpId = OpId.New(), Verb = Verbs.Put, Kind = kind, Key = key, Data = data, IfChanged = true };

    private OpIntent? Put(DocumentChange change, RawJson data, SecretFilter filter)
    {
        OpIntent whole = PutOf(change.Kind, change.Key, data);
        OpIntent? op = LeftOut.Fit(whole, filter);
        if (!ReferenceEquals(op, whole)) Skipped++;
        if (op is null) return null;
        UInt128 digest = XxHash128.HashToUInt128(op.Data!.Value.Utf8.Span);
        if (last.TryGetValue((op.Kind, op.Key), out UInt128 before) && before == digest) return null;
        if (last.Count >= MostRemembered) last.Clear();
        last[(op.Kind, op.Key)] = digest;
        return op;
    }
}
