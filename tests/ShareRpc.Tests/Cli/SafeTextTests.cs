using ShareRpc.Cli.Terminal;

namespace ShareRpc.Tests.Cli;

public class SafeTextTests
{
    [Theory]
    [InlineData("\u001b[2J\u001b]0;owned\u0007hi", "[2J]0;ownedhi")]
    [InlineData("a\u009b31mb", "a31mb")]
    [InlineData("a\rb\u0000c\u007fd\be", "abcde")]
    [InlineData("invoice\u202egnp.exe", "invoicegnp.exe")]
    [InlineData("a\u2066b\u2069c\u200bd\ufeffe\u200ef", "abcdef")]
    [InlineData("line\u2028break", "linebreak")]
    [InlineData("tab\there", "tab    here")]
    [InlineData("one\r\ntwo\nthree", "one\ntwo\nthree")]
    [InlineData("Ünïcödé ✓ 日本語 👩‍💻 \"quotes\" <b>html</b> [red]not markup[/]",
        "Ünïcödé ✓ 日本語 👩‍💻 \"quotes\" <b>html</b> [red]not markup[/]")]
    public void A_block_keeps_text_and_drops_what_could_drive_a_terminal(string hostile, string safe) =>
        Assert.Equal(safe, SafeText.Block(hostile));

    [Fact]
    public void No_control_character_of_any_plane_survives()
    {
        string all = string.Concat(Enumerable.Range(0, 0x11000).Where(code => code is < 0xD800 or > 0xDFFF).Select(char.ConvertFromUtf32));

        Assert.DoesNotContain(SafeText.Block(all), character => char.IsControl(character) && character != '\n');
    }

    [Fact]
    public void A_lone_surrogate_becomes_a_replacement_character() => Assert.Equal("a\uFFFDb", SafeText.Block("a\ud83db"));

    [Fact]
    public void A_line_is_one_line_of_bounded_length_that_splits_no_character()
    {
        Assert.Equal("a b", SafeText.Line(" a\nb "));
        Assert.Equal("abcd…", SafeText.Line("abcdefgh", 5));
        Assert.Equal("abc…", SafeText.Line("abc😀efgh", 5));
    }
}
