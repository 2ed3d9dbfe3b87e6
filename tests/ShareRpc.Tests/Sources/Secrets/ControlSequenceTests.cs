using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Tests.Sources.Secrets;

/// <summary>Control sequences of terminals and invisible characters hide no secret from the rules.</summary>
public class ControlSequenceTests
{
    private const string Mark = "[redacted:github-token]";
    private static readonly string Token = string.Concat("gh", "p_", new string('a', 20), "0123456789012345");
    private readonly SecretCounts counts = new();

    [Theory]
    [InlineData("\u001b[32m@", "\u001b[32m#")]
    [InlineData("user\u001b[32m@\u001b[0m!", "user\u001b[32m#\u001b[0m!")]
    [InlineData("\u001b[38;5;10m\u001b[K@", "\u001b[38;5;10m\u001b[K#")]
    [InlineData("\u009b1m@", "\u009b1m#")]
    [InlineData("x\u001b(B@", "x\u001b(B#")]
    [InlineData("x\u001b@", "x\u001b#")]
    [InlineData("\u001b]0;my title\u0007@", "\u001b]0;my title\u0007#")]
    [InlineData("\u001b]8;;https://example.org/?t=@\u001b\\here\u001b]8;;\u001b\\",
        "\u001b]8;;https://example.org/?t=#\u001b\\here\u001b]8;;\u001b\\")]
    [InlineData("\u001b]0;never ended @", "\u001b]0;never ended #")]
    [InlineData("\u001bP@\u001b\\", "\u001bP#\u001b\\")]
    [InlineData("[0;32m@[0m", "[0;32m#[0m")]
    [InlineData(@"printf '\x1b[32m@\x1b[0m'", @"printf '\x1b[32m#\x1b[0m'")]
    [InlineData(@"\u001B[1m@", @"\u001B[1m#")]
    [InlineData(@"\033[1m@ \e[1m@ ^[[1m@", @"\033[1m# \e[1m# ^[[1m#")]
    [InlineData("a\u200b@", "a\u200b#")]
    [InlineData("a\0@", "a\0#")]
    public void A_token_directly_after_a_control_sequence_is_found(string text, string expected) =>
        Assert.Equal(expected.Replace("#", Mark, StringComparison.Ordinal),
            SecretScanner.BuiltIn.Redact(text.Replace("@", Token, StringComparison.Ordinal), counts));

    [Theory]
    [InlineData("\u001b[1m")]
    [InlineData("\u001b[m\u001b[K")]
    [InlineData("\u009b0m")]
    [InlineData("\u001b]0;title\u0007")]
    [InlineData("\u001b]8;;\u001b\\")]
    [InlineData("\u001b(B")]
    [InlineData("x\b")]
    [InlineData("\0")]
    [InlineData("\u200b")]
    [InlineData("\u00ad")]
    [InlineData("\U000e0041")]
    [InlineData("[1m")]
    [InlineData(@"\x1b[0m")]
    public void A_token_split_by_a_control_sequence_is_replaced_with_what_splits_it(string split)
    {
        foreach (int at in (int[])[1, 2, 4, 20, Token.Length - 1])
        {
            string text = $"is {Token[..at]}{split}{Token[at..]}, so";
            string json = JsonSerializer.Serialize(new { output = text });

            RawJson redacted = SecretScanner.BuiltIn.Redact(new RawJson(Encoding.UTF8.GetBytes(json)), counts);

            Assert.Equal($"is {Mark}, so", SecretScanner.BuiltIn.Redact(text, counts));
            Assert.Equal($$"""{"output":"is {{Mark}}, so"}""", Encoding.UTF8.GetString(redacted.Utf8.Span));
        }
    }

    [Theory]
    [InlineData("\u001b[32mok\u001b[0m 10%\r50%\r100% \u001b]0;t\u0007 a\bb \u200d 👩‍💻")]
    [InlineData("\u001b[")]
    [InlineData("\u001b]")]
    [InlineData("\u001b")]
    [InlineData("\b\b\u009b\u009d")]
    [InlineData("array[1m] \\e[ ^[[ \\x1b]")]
    public void Text_with_control_sequences_and_no_secret_keeps_its_very_bytes(string text) =>
        Assert.Same(text, SecretScanner.BuiltIn.Redact(text, counts));

    [Fact]
    public void A_place_in_the_text_is_that_of_the_original() =>
        Assert.Equal(new SecretFinding("github-token", 2, 6, Token.Length),
            Assert.Single(SecretScanner.BuiltIn.Find($"\u001b[1mx\u001b[0m\n\u001b[32m{Token} x")));
}
