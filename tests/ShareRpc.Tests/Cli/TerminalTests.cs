using ShareRpc.Cli.Terminal;

namespace ShareRpc.Tests.Cli;

public class TerminalTests
{
    [Fact]
    public void A_table_is_as_wide_as_what_is_in_it_and_safe()
    {
        var table = new Columns("ID", "LABEL");
        table.Add("1", "a\u001b[31m\nb");
        table.Add("22222", null);

        Assert.Equal(["ID     LABEL", "1      a[31m b", "22222"], table.Lines());
    }

    [Fact]
    public void A_QR_code_has_its_quiet_zone_and_its_three_corners()
    {
        IReadOnlyList<string> lines = QrPicture.Of("https://share.example.org/s/0000000000000000000000#srpc_x");

        Assert.All(lines, line => Assert.Equal(lines[0].Length, line.Length));
        Assert.Equal((lines[0].Length + 1) / 2, lines.Count);
        Assert.All(lines.Take(2), line => Assert.True(line.All(block => block == '█')));
        const string Corner = " ▄▄▄▄▄ ";
        Assert.Equal(Corner, lines[2][4..11]);
        Assert.Equal(Corner, lines[2][^11..^4]);
    }
}
