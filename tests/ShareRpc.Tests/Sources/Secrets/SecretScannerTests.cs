using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Tests.Sources.Secrets;

public class SecretScannerTests
{
    private static readonly string GitHub = string.Concat("gh", "p_", new string('a', 20), "0123456789012345");
    private readonly SecretCounts counts = new();

    [Fact]
    public void Only_the_bytes_of_what_is_found_change()
    {
        string json = $$"""  { "b" : 1.50e1, "text":"caf\u00e9 \n\"{{GitHub}}\" \ud83d end 😀", """
            + $$"""  "a":[null,"{{GitHub}}"], "b":2 }  """;

        string redacted = Redact(json);

        Assert.Equal(json.Replace(GitHub, "[redacted:github-token]", StringComparison.Ordinal), redacted);
        Assert.Equal(2, counts.ByRule["github-token"]);
    }

    [Fact]
    public void What_holds_nothing_keeps_its_very_bytes()
    {
        var json = new RawJson(
            Encoding.UTF8.GetBytes("""{"text":"the key to the token is \u00fcber","tokens":{"input":3}}"""));

        RawJson redacted = SecretScanner.BuiltIn.Redact(json, counts);

        Assert.True(json.Utf8.Equals(redacted.Utf8));
        Assert.Equal(0, counts.Total);
    }

    [Theory]
    [InlineData(@"\u0067hp_")]
    [InlineData(@"g\u0068\u0070_")]
    [InlineData(@"\ud800 \u0067\u0068p\u005f")]
    [InlineData(@"😀 \udc00ü\/ g\u0068p_")]
    public void Escapes_hide_nothing(string prefix)
    {
        string redacted = Redact($$"""{"text":"{{prefix}}{{GitHub[4..]}}."}""");

        Assert.EndsWith("""[redacted:github-token]."}""", redacted, StringComparison.Ordinal);
        using JsonDocument still = JsonDocument.Parse(redacted);
        Assert.Equal(JsonValueKind.Object, still.RootElement.ValueKind);
    }

    [Fact]
    public void Names_of_fields_are_strings_too() =>
        Assert.Equal("""{"[redacted:github-token]":1}""", Redact($$"""{"{{GitHub}}":1}"""));

    [Fact]
    public void The_value_of_a_field_with_a_secret_looking_name_is_replaced_and_no_other() => Assert.Equal(
        """{"password":"[redacted:secret-field]","user":"hunter2hunter2","""
            + "\"env\":" + """{"API_KEY":"[redacted:secret-field]"},"secret":true}""",
        Redact("""{"password":"hunter2hunter2","user":"hunter2hunter2","env":{"API_KEY":"zzzz"},"secret":true}"""));

    [Fact]
    public void Of_an_assignment_or_address_only_the_secret_is_replaced()
    {
        string redacted = SecretScanner.BuiltIn.Redact(
            "00001| DB_PASSWORD=" + "hunter2\n00002| URL=postgres://me:"
                + "hunter2@db/x\nexport A_TOKEN='one two three'\n", counts);

        Assert.Equal(
            "00001| DB_PASSWORD=[redacted:env-secret]\n00002| URL=postgres://me:[redacted:url-password]@db/x\n"
                + "export A_TOKEN='[redacted:env-secret]'\n",
            redacted);
    }

    [Fact]
    public void Tokens_of_ShareRpc_itself_are_kept_back_also_inside_a_link()
    {
        ShareToken token = ShareToken.New(RandomId.New());
        var link = new ShareLink(new Uri("https://share.example.org"), RandomId.New(), token);

        string redacted =
            Redact(JsonSerializer.Serialize(new { text = $"open {link.Reveal()} now", other = token.Reveal() }));

        Assert.DoesNotContain(token.Reveal()[28..71], redacted, StringComparison.Ordinal);
        Assert.Contains("#[redacted:sharerpc-token] now", redacted, StringComparison.Ordinal);
        Assert.Equal(2, counts.ByRule["sharerpc-token"]);
    }

    [Fact]
    public void A_private_key_is_replaced_whole_also_numbered_escaped_or_cut_off()
    {
        string body =
            string.Concat(Enumerable.Repeat("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEA0123456789abcdefABCD\n", 20));
        string begin = "-----BEGIN " + "PRIVATE KEY-----\n";
        string end = "-----END " + "PRIVATE KEY-----";
        string numbered =
            string.Join('\n', (begin + body + end).Split('\n').Select((line, i) => $"{i + 1:d5}| {line}"));

        Assert.Equal("x [redacted:private-key] y", SecretScanner.BuiltIn.Redact($"x {begin}{body}{end} y", counts));
        Assert.Equal("[redacted:private-key]", SecretScanner.BuiltIn.Redact(begin + body[..200], counts));
        Assert.Equal("00001| [redacted:private-key]", SecretScanner.BuiltIn.Redact(numbered, counts));
        Assert.Equal("'[redacted:private-key]'",
            SecretScanner.BuiltIn.Redact(
                $"'{begin}{body}{end}'".Replace("\n", @"\n", StringComparison.Ordinal), counts));
    }

    [Theory]
    [InlineData("const token = await getToken(); const apiKey = process.env.API_KEY; max_tokens: 4096")]
    [InlineData("password: z.string(), token: string; secret?: boolean; PWD=/workspace/project OLDPWD=/tmp/x")]
    [InlineData("https://example.org/a/b?page=2&sort=key#top git@github.com:me/repo.git http://localhost:8787/x")]
    [InlineData("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef commit 103cbfab")]
    [InlineData("API_KEY=$API_KEY TOKEN=${TOKEN} SECRET=$(cat secret) KEY=<your key> npm_config_registry")]
    public void Ordinary_text_of_agents_stays(string text)
    {
        Assert.Same(text, SecretScanner.BuiltIn.Redact(text, counts));
        Assert.Empty(SecretScanner.BuiltIn.Find(text));
    }

    [Fact]
    public void Where_rules_overlap_everything_is_covered()
    {
        string redacted = SecretScanner.BuiltIn.Redact($"API_KEY={GitHub}-and-more https://u:{GitHub}@h/", counts);

        Assert.Equal("API_KEY=[redacted:github-token] https://u:[redacted:github-token]@h/", redacted);
    }

    [Fact]
    public void A_find_is_told_by_line_and_column_and_never_quoted()
    {
        SecretFinding found = Assert.Single(SecretScanner.BuiltIn.Find($"one\ntwo\n  {GitHub} x"));

        Assert.Equal(new SecretFinding("github-token", 3, 3, GitHub.Length), found);
    }

    private string Redact(string json) =>
        Encoding.UTF8.GetString(
            SecretScanner.BuiltIn.Redact(new RawJson(Encoding.UTF8.GetBytes(json)), counts).Utf8.Span);
}
