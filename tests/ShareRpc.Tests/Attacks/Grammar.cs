using System.Globalization;
using System.Text;

namespace ShareRpc.Tests.Attacks;

/// <summary>
/// Texts by a seed, from the words of the protocol and of agents' files: mostly of the right form, with an odd value in
/// some place, and now and then damaged.
/// </summary>
internal sealed class Grammar(int seed)
{
    private const int MaxDepth = 5;

    private static readonly string[] Odd =
    [
        "null", "true", "false", "0", "-1", "1.5", "1e999", "9007199254740993", "9223372036854775808", "\"\"", "[]",
        "{}", "\"\\u0000\"", "\"\\ud800\"", "\"\\u202e\"", "\"srpc_\"", "[null]", "[[]]", "{\"\":0}",
        "\"2026-11-30T10:00:00Z\"",
        "\"9999-12-31T23:59:59.9999999Z\"", "-9223372036854775808", "\"__proto__\"",
    ];

    private ulong state = unchecked(((ulong)seed * 6364136223846793005UL) + 1442695040888963407UL);

    public int Pick(int below)
    {
        state = unchecked((state * 6364136223846793005UL) + 1442695040888963407UL);
        return (int)((state >> 33) % (ulong)Math.Max(1, below));
    }

    public T Of<T>(params ReadOnlySpan<T> choices) => choices[Pick(choices.Length)];

    public bool Chance(int oneIn) => Pick(oneIn) == 0;

    public string Number(int below) => Pick(below).ToString(CultureInfo.InvariantCulture);

    /// <summary>The value, or an odd one in its place.</summary>
    public string Mostly(string value) => Chance(12) ? Chance(3) ? Value(0) : Of(Odd) : value;

    /// <summary>An object of members that mostly are there, in an order of its own, some of them twice.</summary>
    public string Object(params (string Name, string Value)[] members)
    {
        var text = new StringBuilder("{");
        int start = Chance(4) ? Pick(members.Length) : 0;
        for (int i = 0; i < members.Length; i++)
        {
            (string name, string value) = members[(start + i) % members.Length];
            if (Chance(20)) continue;
            for (int times = Chance(40) ? 2 : 1; times > 0; times--)
            {
                if (text.Length > 1) text.Append(',');
                text.Append('"').Append(name).Append("\":").Append(Mostly(value));
            }
        }

        return text.Append('}').ToString();
    }

    public string List(int most, Func<string> entry) =>
        $"[{string.Join(',', Enumerable.Range(0, Pick(most + 1)).Select(_ => Mostly(entry())))}]";

    public string Text(int most) =>
        "\"" + string.Concat(Enumerable.Range(0, Pick(most)).Select(_ => Of(Pieces))) + "\"";

    /// <summary>Any value.</summary>
    public string Value(int depth) => Pick(depth >= MaxDepth ? 3 : 5) switch
    {
        0 => Of(Odd),
        1 => Text(8),
        2 => Number(1_000_000),
        3 => List(4, () => Value(depth + 1)),
        _ => Object([.. Enumerable.Range(0, Pick(4)).Select(_ => (Of(Names), Value(depth + 1)))]),
    };

    /// <summary>The text, now and then with something taken out, doubled or replaced.</summary>
    public string Damaged(string text)
    {
        if (text.Length == 0 || !Chance(10)) return text;
        int at = Pick(text.Length), length = Math.Min(text.Length - at, 1 + Pick(20));
        return Pick(3) switch
        {
            0 => text.Remove(at, length),
            1 => text.Insert(at, text.Substring(at, length)),
            _ => text.Remove(at, 1).Insert(at, Of("\0", "\"", "{", "]", "\\", "\n", "é", "\u2028")),
        };
    }

    private static readonly string[] Pieces =
        ["a", "word ", "\\n", "\\\"", "\\u001b[31m", "```", "é", "\\ud83d\\ude00", "<b>", "https://x/#", "  ", "\\t"];

    private static readonly string[] Names =
    [
        "id", "type", "text", "state", "time", "created", "status", "output", "input", "tool", "content", "role",
        "message", "payload", "session", "parts", "data", "key", "kind", "model", "usage", "timestamp", "title",
    ];
}
