using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode;

/// <summary>Puts each message and each part that a changed revert undoes or brings back, by an op of its own.</summary>
internal sealed class RevertPass(
    OpencodeView view, SessionForm form, Revert? before, Revert? now, SecretFilter filter)
{
    public IEnumerable<SyncStep> Steps()
    {
        if (before == now) yield break;
        var builder = new StepBuilder(filter);
        ILookup<string, DocumentRow> parts =
            view.Parts(form.SessionId).ToLookup(part => part.MessageId, StringComparer.Ordinal);
        foreach (DocumentRow message in view.Messages(form.SessionId))
        {
            if (Put(Kinds.Message, message, null) is { } op && builder.Add(op, position: null) is { } full)
                yield return full;
            foreach (DocumentRow part in parts[message.Id])
            {
                if (Put(Kinds.Part, part, part.Id) is { } mark && builder.Add(mark, position: null) is { } fullOfParts)
                    yield return fullOfParts;
            }
        }

        if (builder.Take(position: null) is { } last) yield return last;
    }

    private OpIntent? Put(string kind, DocumentRow row, string? partId)
    {
        bool isUndone = now?.Undoes(row.MessageId, partId) == true;
        if (isUndone == (before?.Undoes(row.MessageId, partId) == true)) return null;
        RawJson document = filter.Clean(RowDocument.Of(view, form, kind, row).Data);
        return OpencodeOps.Put(kind, row.Id, Revert.Mark(document, isUndone));
    }
}
