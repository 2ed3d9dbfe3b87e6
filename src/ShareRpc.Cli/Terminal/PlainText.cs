using Spectre.Console;
using Spectre.Console.Rendering;

namespace ShareRpc.Cli.Terminal;

/// <summary>Text that is written as it is: not wrapped (a link stays one word), not read as markup.</summary>
internal sealed class PlainText(string text, Style style) : Renderable
{
    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (i > 0) yield return Segment.LineBreak;
            if (lines[i].Length > 0) yield return new Segment(lines[i], style);
        }
    }
}
