using System.Security.Cryptography;
using System.Text;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.LeftOut;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// Puts rows changed since a position (or all); removes known documents without a row. Data is read during the steps.
/// </summary>
internal sealed class RowPass
{
    private readonly OpencodeView view;
    private readonly SessionForm form;
    private readonly SyncPosition since;
    private readonly KnownDocuments before;
    private readonly SecretFilter filter;
    private readonly Revert? revert;
    private readonly LeftOutDocuments leftOut;
    private readonly StepBuilder builder;
    private readonly List<DocumentRow> messages;
    private readonly ILookup<string, DocumentRow> parts;
    private readonly long newest;
    private int malformed;

    /// <summary>Reads the keys; the data is read by <see cref="Steps"/>.</summary>
    /// <param name="view">The moment that is read.</param>
    /// <param name="form">Whose rows, and what is made of them.</param>
    /// <param name="since">Only rows updated then or later, and rows that were not known; <c>new()</c> for all.</param>
    /// <param name="before">What had been put before.</param>
    /// <param name="filter">What every document passes through.</param>
    /// <param name="revert">What is undone.</param>
    /// <param name="leftOut">Notes documents that cannot be sent.</param>
    public RowPass(
        OpencodeView view, SessionForm form, SyncPosition since, KnownDocuments before, SecretFilter? filter = null,
        Revert? revert = null, LeftOutDocuments? leftOut = null)
    {
        this.revert = revert;
        this.leftOut = leftOut ?? new LeftOutDocuments();
        this.view = view;
        this.form = form;
        this.since = since;
        this.before = before;
        this.filter = filter ?? new SecretFilter(null);
        builder = new StepBuilder(this.filter, this.leftOut);
        messages = view.Messages(form.SessionId);
        List<DocumentRow> partRows = view.Parts(form.SessionId);
        parts = partRows.ToLookup(part => part.MessageId, StringComparer.Ordinal);
        newest = messages.Concat(partRows).Select(row => row.TimeUpdated).Append(-1).Max();
        foreach (DocumentRow message in messages) Known.PutMessage(message.Id);
        foreach (DocumentRow part in partRows) Known.PutPart(part.MessageId, part.Id);
        Parts = partRows.Count;
    }

    public KnownDocuments Known { get; } = new();

    public int Messages => messages.Count;

    public int Parts { get; }

    public int Skipped => builder.Skipped + malformed;

    /// <summary>Gets the digest of the newest time's rows; complete after the steps.</summary>
    public string Tie { get; private set; } = "";

    /// <summary>Gets the largest <c>time_updated</c>; never decreases.</summary>
    public long TimeUpdated => Math.Max(newest, since.TimeUpdated);

    public IEnumerable<SyncStep> Steps()
    {
        using var tie = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        bool tieHolds = since.TimeUpdated >= 0 && TieOf(since.TimeUpdated) == since.Tie;
        foreach (DocumentRow message in messages)
        {
            if (Put(Kinds.Message, message, before.HasMessage(message.Id), tieHolds, tie) is { } full)
                yield return full;
            foreach (DocumentRow part in parts[message.Id])
            {
                if (Put(Kinds.Part, part, before.HasPart(part.MessageId, part.Id), tieHolds, tie) is { } fullOfParts)
                    yield return fullOfParts;
            }
        }

        Tie = newest < since.TimeUpdated || (tieHolds && newest == since.TimeUpdated) ? since.Tie : Hex(tie);
        if (builder.Take(position: null) is { } last) yield return last;
        foreach (SyncStep step in Removes()) yield return step;
    }

    private SyncStep? Put(string kind, DocumentRow row, bool known, bool tieHolds, IncrementalHash tie)
    {
        bool unchanged = row.TimeUpdated < since.TimeUpdated || (tieHolds && row.TimeUpdated == since.TimeUpdated);
        if (known && unchanged) return null;
        (RawJson document, bool isWhole) = Document(kind, row);
        RawJson data = filter.Clean(document);
        if (row.TimeUpdated == newest) Add(tie, kind, row, data);
        bool isUndone = revert?.Undoes(row.MessageId, kind == Kinds.Part ? row.Id : null) == true;
        SyncStep? full = builder.Add(OpencodeOps.Put(kind, row.Id, Revert.Mark(data, isUndone)), position: null);
        if (!isWhole)
        {
            malformed++;
            leftOut.Note(kind, row.Id, data);
        }

        return full;
    }

    private IEnumerable<SyncStep> Removes()
    {
        foreach (string messageId in before.Messages.Order(StringComparer.Ordinal))
        {
            List<OpIntent> ops =
            [
                .. before.PartsOf(messageId).Where(part => !Known.HasPart(messageId, part))
                    .Select(part => OpencodeOps.Remove(Kinds.Part, part)),
            ];
            if (!Known.HasMessage(messageId)) ops.Add(OpencodeOps.Remove(Kinds.Message, messageId));
            foreach (SyncStep step in StepBuilder.Atomic(ops, position: null)) yield return step;
        }
    }

    private string TieOf(long moment)
    {
        using var tie = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        SecretFilter looking = filter.Uncounted();
        foreach (DocumentRow message in messages)
        {
            Include(Kinds.Message, message);
            foreach (DocumentRow part in parts[message.Id]) Include(Kinds.Part, part);
        }

        return Hex(tie);

        void Include(string kind, DocumentRow row)
        {
            if (row.TimeUpdated == moment) Add(tie, kind, row, looking.Clean(Document(kind, row).Data));
        }
    }

    private (RawJson Data, bool IsWhole) Document(string kind, DocumentRow row) =>
        RowDocument.Of(view, form, kind, row);

    private static void Add(IncrementalHash tie, string kind, DocumentRow row, RawJson data)
    {
        tie.AppendData(Encoding.UTF8.GetBytes($"{kind}\n{row.Id}\n{data.Utf8.Length}\n"));
        tie.AppendData(data.Utf8.Span);
    }

    private static string Hex(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
}
