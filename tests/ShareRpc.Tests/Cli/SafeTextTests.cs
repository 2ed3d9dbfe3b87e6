using ShareRpc.Cli.Terminal;

namespace ShareRpc.Tests.Cli;

public class SafeTextTests
{
    [Theory]
    [InlineData("\u001b[2J\u001b]0;owned\u0007hi", "hi")]
    [InlineData("a\u009b31mb", "ab")]
    [InlineData("a\rb\u0000c\u007fd\be", "bce")]
    [InlineData("invoice\u202egnp.exe", "invoicegnp.exe")]
    [InlineData("a\u2066b\u2069c\u200bd\ufeffe\u200ef", "abcdef")]
    [InlineData("line\u2028break", "linebreak")]
    [InlineData("tab\there", "tab    here")]
    [InlineData("one\r\ntwo\nthree", "one\ntwo\nthree")]
    [InlineData("Ünïcödé ✓ 日本語 👩‍💻 \"quotes\" <b>html</b> [red]not markup[/]",
        "Ünïcödé ✓ 日本語 👩‍💻 \"quotes\" <b>html</b> [red]not markup[/]")]
    public void A_block_keeps_text_and_drops_what_could_drive_a_terminal(string hostile, string safe) =>
        Assert.Equal(safe, SafeText.Block(hostile));

    [Theory]
    [InlineData("\u001b[1;31mERROR\u001b[0m: no", "ERROR: no")]
    [InlineData("\u001b]8;;https://example.org\u001b\\here\u001b]8;;\u0007.", "here.")]
    [InlineData("10%\r50%\r100%\n", "100%\n")]
    [InlineData("downloading\r\u001b[Kdone", "done")]
    [InlineData("good\rbad", "badd")]
    [InlineData("ab\b\u001b[Kc \u001b[3Dx", "xc ")]
    [InlineData("one 0%\ntwo 0%\n\u001b[2A\u001b[2Kone 9%\n\u001b[2Ktwo 9%\n", "one 9%\ntwo 9%\n")]
    [InlineData("old\u001b[2J\u001b[Hnew", "old\nnew")]
    [InlineData("a\u001b[5Gb\u001b[1Xc\u001b[1D\u001b[1Kd", "     d")]
    [InlineData("\u001b(B\u001b[?25l\u001b7x\u001b[38;2;1;2;3my\u009b0mz", "xyz")]
    [InlineData("not ended \u001b[1;3", "not ended ")]
    [InlineData("not ended \u001b]0;title", "not ended ")]
    [InlineData("not a title \u001b]0;\nnext", "not a title 0;\nnext")]
    public void A_block_is_what_a_terminal_would_have_shown(string text, string shown)
    {
        Assert.Equal(shown, SafeText.Block(text));
        Assert.Equal(shown.Replace('\n', ' ').Trim(), SafeText.Line(text));
    }

    [Fact]
    public void Hostile_codes_take_time_and_room_in_proportion_to_the_text()
    {
        string[] codes =
            ["\u001b[1K", "x\u001b[9999X", "\u001b[9999Cx\n", "\u001b[J\n", "\u001b]", "\u009d", "\r\u001b[K"];
        foreach (string code in codes)
        {
            string text = new string('x', 500_000) + string.Concat(Enumerable.Repeat(code, 500_000 / code.Length));
            long start = TimeProvider.System.GetTimestamp();
            Assert.True(SafeText.Block(text).Length < 40 * text.Length);
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(10), code);
        }
    }

    [Fact]
    public void No_control_character_of_any_plane_survives()
    {
        string all = string.Concat(
            Enumerable.Range(0, 0x11000).Where(code => code is < 0xD800 or > 0xDFFF).Select(char.ConvertFromUtf32));

        Assert.DoesNotContain(SafeText.Block(all), character => char.IsControl(character) && character != '\n');
    }

    [Fact]
    public void A_lone_surrogate_becomes_a_replacement_character() =>
        Assert.Equal("a\uFFFDb", SafeText.Block("a\ud83db"));

    [Fact]
    public void A_line_is_one_line_of_bounded_length_that_splits_no_character()
    {
        Assert.Equal("a b", SafeText.Line(" a\nb "));
        Assert.Equal("abcd…", SafeText.Line("abcdefgh", 5));
        Assert.Equal("abc…", SafeText.Line("abc😀efgh", 5));
    }
}
