using ShareRpc.Cli.Commands;
using ShareRpc.Cli.Terminal;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Tests.Cli;

public class TerminalTests
{
    [Fact]
    public void A_table_is_as_wide_as_what_is_in_it_and_safe()
    {
        var table = new Columns("ID", "LABEL");
        table.Add("1", "a\u001b[31m\nb");
        table.Add("22222", null);

        Assert.Equal(["ID     LABEL", "1      a b", "22222"], table.Lines());
    }

    [Theory]
    [InlineData("secrets", "rules")]
    [InlineData("secrets", "rules", "--json")]
    public async Task An_output_that_takes_no_more_is_one_line_and_exit_code_1(params string[] args)
    {
        var errors = new StringWriter();

        int exitCode = await ShareRpc.Cli.CommandLine.RunAsync(args, new FullWriter(), errors);

        Assert.Equal(1, exitCode);
        Assert.StartsWith("sharerpc: The disk that holds what this command writes is full.", errors.ToString(),
            StringComparison.Ordinal);
        Assert.Single(errors.ToString().Trim().Split('\n'));
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

    [Fact]
    public void An_invitation_is_a_link_with_a_QR_code_on_a_terminal_alone_in_a_file_and_an_object_for_programs()
    {
        var link = new ShareLink(new Uri("https://share.example.org"), RandomId.New(), ShareToken.New(RandomId.New()));
        var caveats = new Caveats { Redact = ["tools", "reasoning"], MaxUses = 3 };
        string Said(bool isJson, bool isTerminal)
        {
            var text = new StringWriter();
            var output = new Output(text, TextWriter.Null, isJson, isTerminal);
            Invite.Say(output, link, Rights.Read, caveats, hasPassphrase: true, isQueued: false);
            return text.ToString();
        }

        string terminal = Said(isJson: false, isTerminal: true);
        string[] file = Said(isJson: false, isTerminal: false).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Contains(link.Reveal(), terminal, StringComparison.Ordinal);
        Assert.Contains(QrPicture.Of(link.Reveal())[3].Trim(), terminal, StringComparison.Ordinal);
        Assert.Equal(link.Reveal(), file[0]);
        Assert.DoesNotContain(file, line => line.Contains('█', StringComparison.Ordinal));
        Assert.Contains("used 0 of 3, passphrase, no tools/reasoning", file[1], StringComparison.Ordinal);
        Assert.Contains($"sharerpc revoke {link.Token.CapId}", file[2], StringComparison.Ordinal);
        Assert.StartsWith("{", Said(isJson: true, isTerminal: true), StringComparison.Ordinal);
        Assert.DoesNotContain("█", Said(isJson: true, isTerminal: true), StringComparison.Ordinal);
    }

    /// <summary>A file on a full disk.</summary>
    private sealed class FullWriter : StringWriter
    {
        public override void Write(char value) => throw new IOException("No space left on device", 28);

        public override void Write(string? value) => throw new IOException("No space left on device", 28);

        public override void WriteLine(string? value) => throw new IOException("No space left on device", 28);
    }
}
