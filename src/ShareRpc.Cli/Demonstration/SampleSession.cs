using System.Text.Json;
using System.Text.Json.Nodes;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Cli.Demonstration;

/// <summary>Holds session.jsonl: the ops of a session as an agent would write them, and what they add up to.</summary>
internal sealed class SampleSession
{
    private readonly Dictionary<(string Kind, string Key), JsonNode> documents = [];

    private SampleSession(IReadOnlyList<OpIntent> ops) => Ops = ops;

    /// <summary>Gets the ops in order, with fresh ids.</summary>
    public IReadOnlyList<OpIntent> Ops { get; }

    /// <summary>Gets the documents that the ops taken so far make.</summary>
    public IReadOnlyDictionary<(string Kind, string Key), JsonNode> Documents => documents;

    public static SampleSession Read()
    {
        using Stream stream =
            typeof(SampleSession).Assembly.GetManifestResourceStream("ShareRpc.Cli.Demonstration.session.jsonl")!;
        using var reader = new StreamReader(stream);
        var ops = new List<OpIntent>();
        while (reader.ReadLine() is { } line)
        {
            using JsonDocument op = JsonDocument.Parse(line);
            string Text(string name) => op.RootElement.GetProperty(name).GetString()!;
            ops.Add(new OpIntent
            {
                OpId = OpId.New(), Verb = Text("verb"), Kind = Text("kind"), Key = Text("key"),
                Data = RawJson.Of(op.RootElement.GetProperty("data")),
            });
        }

        return new SampleSession(ops);
    }

    /// <summary>Adds an op to the documents: a put, or text for a field of one.</summary>
    public OpIntent Take(int index)
    {
        OpIntent op = Ops[index];
        JsonNode data = JsonNode.Parse(op.Data!.Value.Utf8.Span)!;
        if (op.Verb == Verbs.Put)
        {
            documents[(op.Kind, op.Key)] = data;
            return op;
        }

        JsonNode grown = documents[(op.Kind, op.Key)];
        string field = (string)data["field"]!;
        grown[field] = (string)grown[field]! + (string)data["text"]!;
        return op;
    }
}
