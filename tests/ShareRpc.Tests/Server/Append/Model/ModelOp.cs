using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Tests.Server.Append.Model;

/// <summary>
/// The ops that random batches are made of. A number is an op: the same number is the same op, whoever sends it and
/// whenever; altered, it is another op that has taken the same id.
/// </summary>
internal static class ModelOp
{
    public const int Count = 120;

    private static readonly string[] Objects =
        ["""{"v":1}""", """{"v":1.0}""", """{"v":1,"text":"a"}""", """{"text":"a","v":1e0}""", "[1,2]",
            """{"text":{"x":null}}"""];

    private static readonly string[] Additions =
        ["""{"field":"text","text":"a"}""", """{"field":"text","text":"é"}""", """{"field":"v","text":"1"}"""];

    private static readonly string[] Turns =
    [
        """{"state":"streaming"}""", """{"state":"completed"}""", """{"state":"completed","n":1}""",
        """{"state":"failed"}""",
        """{"state":"aborted","provisional":true,"writer_id":"w0"}""", """{"state":"nonsense"}""",
    ];

    public static OpIntent Make(int number, bool altered)
    {
        uint dice = (uint)number * 2_654_435_761;
        int Roll(uint sides) =>
            (int)((dice = (dice * 1_664_525) + 1_013_904_223) >> 8) switch { var bits => (int)((uint)bits % sides) };
        string kind = new[] { Kinds.Part, Kinds.Part, Kinds.Message, Kinds.Turn }[Roll(4)];
        string verb = Roll(20) switch { 0 => "merge", < 4 => Verbs.Remove, < 9 => Verbs.Append, _ => Verbs.Put };
        string key = $"k{Roll(2)}";
        string[] pool = verb == Verbs.Append ? Additions : kind == Kinds.Turn ? Turns : Objects;
        string data = pool[(Roll(6) + (altered ? 1 : 0)) % pool.Length];
        bool isConditional = verb == Verbs.Put && Roll(5) < 2;
        int dependencies = Math.Max(0, Roll(8) - 5);
        return new OpIntent
        {
            OpId = $"op{number}", Verb = verb, Kind = kind, Key = verb == Verbs.Remove && altered ? $"{key}x" : key,
            Data = verb == Verbs.Remove ? null : RawJson.Parse(data), IfChanged = isConditional ? true : null,
            DependsOn = dependencies == 0
                ? null : [.. Enumerable.Range(0, dependencies).Select(_ => $"op{Roll(Count / 2)}")],
        };
    }
}
