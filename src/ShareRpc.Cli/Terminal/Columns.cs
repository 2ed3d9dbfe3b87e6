namespace ShareRpc.Cli.Terminal;

/// <summary>A table. Cells are made terminal-safe and never wrapped.</summary>
internal sealed class Columns(params string[] headings)
{
    private const int MaxCell = 60;
    private const int MaxLast = 300;
    private readonly List<string[]> rows = [headings];

    public bool IsEmpty => rows.Count == 1;

    public void Add(params string?[] cells) => rows.Add(
        [.. cells.Select((cell, column) => SafeText.Line(cell ?? "", column == cells.Length - 1 ? MaxLast : MaxCell))]);

    public IEnumerable<string> Lines()
    {
        int[] widths = [.. headings.Select((_, column) => rows.Max(row => row[column].Length))];
        return rows.Select(row =>
            string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }

    public void Say(Output output)
    {
        foreach (string line in Lines()) output.Say(line);
    }
}
