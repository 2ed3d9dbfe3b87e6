using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.ClaudeCode;

/// <summary>What is known about the session.</summary>
internal sealed class FactState
{
    private const int LongestTitle = 200;

    public string? Title { get; set; }

    public string? Name { get; set; }

    public string? Summary { get; set; }

    public string? FirstPrompt { get; set; }

    public string? Directory { get; set; }

    public string? Branch { get; set; }

    public string? Version { get; set; }

    public string? Model { get; set; }

    public double? Cost { get; set; }

    public long Created { get; set; }

    public long Updated { get; set; }

    public Usage Spent { get; set; } = new();

    /// <summary>Returns the first line of a text, of bounded length.</summary>
    public static string TitleOf(string text)
    {
        string line = text.Trim().Split('\n', 2)[0].TrimEnd();
        if (line.Length <= LongestTitle) return line;
        return line[..(char.IsHighSurrogate(line[LongestTitle - 1]) ? LongestTitle - 1 : LongestTitle)];
    }

    /// <summary>Returns what people know the session by.</summary>
    public string Shown() => Title ?? Name ?? Summary ?? FirstPrompt ?? "";

    /// <summary>Takes what a line of the session's own conversation says.</summary>
    public void Take(TranscriptLine line)
    {
        JsonElement root = line.Root;
        if (line.Kind == LineKind.Title) TakeTitle(root);
        if (line.Kind == LineKind.Cost && root.Find("totalCostUSD") is { ValueKind: JsonValueKind.Number } cost
            && cost.TryGetDouble(out double dollars) && double.IsFinite(dollars)) Cost = dollars;
        if (line.Node == 0) return;
        Directory ??= root.Text("cwd");
        Branch = root.Text("gitBranch") ?? Branch;
        Version = root.Text("version") ?? Version;
        if (line.Time == 0) return;
        if (Created == 0) Created = line.Time;
        Updated = Math.Max(Updated, line.Time);
    }

    private void TakeTitle(JsonElement root)
    {
        string type = root.Text("type") ?? "";
        string? said = root.Text("customTitle") ?? root.Text("title") ?? root.Text("agentName") ?? root.Text("name");
        if (type == "custom-title" && said is not null) Title = TitleOf(said);
        if (type == "agent-name" && said is not null) Name = TitleOf(said);
        if (type == "summary" && root.Text("summary") is { } summary) Summary = TitleOf(summary);
    }
}
