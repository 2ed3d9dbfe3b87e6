using System.Collections;
using System.Text;
using QRCoder;

namespace ShareRpc.Cli.Terminal;

/// <summary>A QR code of half blocks, light on dark, two modules per line, with quiet zone.</summary>
internal static class QrPicture
{
    public static IReadOnlyList<string> Of(string text)
    {
        using var generator = new QRCodeGenerator();
        using QRCodeData code = generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.L);
        List<BitArray> rows = code.ModuleMatrix;
        var lines = new List<string>();
        for (int y = 0; y < rows.Count; y += 2)
        {
            var line = new StringBuilder(rows.Count);
            for (int x = 0; x < rows.Count; x++)
            {
                bool isUpperLight = !rows[y][x];
                bool isLowerLight = y + 1 >= rows.Count || !rows[y + 1][x];
                line.Append((isUpperLight, isLowerLight) switch
                {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    _ => ' ',
                });
            }

            lines.Add(line.ToString());
        }

        return lines;
    }
}
