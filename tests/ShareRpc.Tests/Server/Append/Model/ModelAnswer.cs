using System.Globalization;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Tests.Server.Append.Model;

/// <summary>Answers as text, the model's and the server's.</summary>
internal static class ModelAnswer
{
    public static string Refusal(ErrorCode code, long? ackedSeq = null, long? head = null) =>
        string.Create(CultureInfo.InvariantCulture, $"refused {code} {ackedSeq} {head}");

    public static string Of(long head, IReadOnlyList<ModelOutcome> outcomes) => Text(
        head, outcomes.Where(outcome => outcome.IsNew).Select(outcome => new OpCursor(outcome.OpId, outcome.Cursor)),
        outcomes.Where(outcome => outcome.Code is null
            && !outcome.IsNew).Select(outcome => new OpCursor(outcome.OpId, outcome.Cursor)),
        outcomes.Where(outcome => outcome.Code is not null).Select(outcome =>
            $"{outcome.OpId}:{ErrorCodes.NameOf(outcome.Code!.Value)}"));

    public static async Task<string> OfAsync(Task<Ack> reply)
    {
        try
        {
            Ack ack = await reply;
            return Text(ack.Cursor, ack.Applied, ack.Duplicates,
                ack.Rejected.Select(rejection => $"{rejection.OpId}:{rejection.Code}"));
        }
        catch (ShareRpcException error)
        {
            return Refusal(error.Code, error.AckedSeq, error.Head);
        }
    }

    private static string Text(long head, IEnumerable<OpCursor> applied, IEnumerable<OpCursor> duplicates,
        IEnumerable<string> rejected) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"cursor {head} applied {List(applied)} duplicates {List(duplicates)} rejected "
                + $"{string.Join(" ", rejected)}");

    private static string List(IEnumerable<OpCursor> ops) =>
        string.Join(" ", ops.Select(op => $"{op.OpId}@{op.Cursor}"));
}
