using ShareRpc.Cli.Terminal;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.LeftOut;

namespace ShareRpc.Cli.Sharing;

/// <summary>Says which documents readers see a placeholder of, and why.</summary>
internal static class LeftOutLines
{
    private const int MostSaid = 20;

    public static void Say(Output output, IReadOnlyList<LeftOutDocument> leftOut)
    {
        foreach (LeftOutDocument one in leftOut.Take(MostSaid))
        {
            string message = one.Message is { } id && id != one.Key ? $" of message {SafeText.Line(id, 60)}" : "";
            output.Say($"  left out: {one.Kind} {SafeText.Line(one.Key, 60)}{message} ({SafeText.Line(one.Name, 60)}, "
                + $"{one.Size:N0} bytes): {ReasonOf(one.Reason)}. Readers see a placeholder.");
        }

        if (leftOut.Count > MostSaid) output.Say($"  and {leftOut.Count - MostSaid} more; --json lists them");
    }

    private static string ReasonOf(string reason) => reason switch
    {
        OmittedDocument.TooLarge => "larger than a share takes",
        OmittedDocument.TooDeep => "nested deeper than a share takes",
        OmittedDocument.InvalidUtf8 => "not text",
        OmittedDocument.InvalidJson => "not a JSON document",
        _ => SafeText.Line(reason, 60),
    };
}
