namespace ShareRpc.Cli.Terminal;

/// <summary>
/// A table as lines of text: columns as wide as what is in them, nothing wrapped, so that an id or a link stays one
/// word. Cells are made fit for a terminal here.
/// </summary>
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
