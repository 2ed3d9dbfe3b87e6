using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Server.Access.Redaction;

/// <summary>The documents of a reader that follows, folded from what it was sent as the specification says.</summary>
internal sealed class FollowedState
{
    private readonly SortedDictionary<(string, string), (long Cursor, RawJson Data, bool Redacted)> documents =
        new(Comparer<(string, string)>.Create((left, right) =>
            string.CompareOrdinal($"{left.Item1}\0{left.Item2}", $"{right.Item1}\0{right.Item2}")));

    public void Apply(LoggedOp op)
    {
        if (op.Hidden) return;
        (string, string) id = (op.Kind, op.Key);
        bool isKnown = documents.TryGetValue(id, out (long Cursor, RawJson Data, bool Redacted) before);
        if (op.Verb.Length == 0)
        {
            documents[id] = (op.Cursor, isKnown ? before.Data : RawJson.Parse("{}"), true);
            return;
        }

        RawJson? data = DocumentFold.Apply(isKnown ? before.Data : null, op.Verb, op.Data);
        bool keepsMark = op.Verb == Verbs.Append && isKnown && before.Redacted;
        if (data is { } now) documents[id] = (op.Cursor, now, op.Redacted || keepsMark);
        else documents.Remove(id);
    }

    public IEnumerable<string> Lines() => documents.Select(document => Line(
        document.Key.Item1, document.Key.Item2, document.Value.Cursor,
        JsonSame.Canonical(document.Value.Data.ToString()), document.Value.Redacted));

    public static string LineOf(JsonElement document) => Line(
        document.GetProperty("kind").GetString()!, document.GetProperty("key").GetString()!,
        document.GetProperty("cursor").GetInt64(), JsonSame.Canonical(document.GetProperty("data")),
        document.TryGetProperty("redacted", out _));

    private static string Line(string kind, string key, long cursor, string data, bool isRedacted) =>
        $"{kind}/{key}@{cursor} {data}{(isRedacted ? " redacted" : "")}";
}
