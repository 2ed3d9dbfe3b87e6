using System.Text;
using System.Text.Json.Nodes;

namespace ShareRpc.Cli.AgentTools;

/// <summary>Takes the lines that a command prints with <c>--json</c>; keeps the first thousand and the last.</summary>
internal sealed class JsonLines(Action<JsonObject> seen) : TextWriter
{
    private const int Most = 1_000;
    private readonly Lock gate = new();
    private readonly List<JsonObject> objects = [];
    private readonly StringBuilder line = new();

    public override Encoding Encoding => Encoding.UTF8;

    public IReadOnlyList<JsonObject> Objects
    {
        get
        {
            lock (gate) return [.. objects];
        }
    }

    public override void Write(char value)
    {
        lock (gate)
        {
            if (value != '\n')
            {
                line.Append(value);
                return;
            }

            if (line.Length > 0 && line[0] == '{')
            {
                JsonObject read = JsonNode.Parse(line.ToString())!.AsObject();
                if (objects.Count == Most) objects.RemoveAt(Most - 1);
                objects.Add(read);
                seen(read);
            }

            line.Clear();
        }
    }
}
