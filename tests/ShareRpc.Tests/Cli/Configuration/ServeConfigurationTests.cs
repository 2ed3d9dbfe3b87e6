using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using ShareRpc.Cli.Configuration;
using ShareRpc.Cli;
using ShareRpc.Server;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Cli.Configuration;

public sealed class ServeConfigurationTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    [Fact]
    public void A_flag_wins_over_a_variable_a_variable_over_the_file_and_lists_are_not_mixed()
    {
        string file = FileWith("""
            {
              // what holds here
              "data": "/file", "urls": "http://127.0.0.1:1", "open_creation": true, "compact_after_ops": 5,
              "trust_proxy": ["10.0.0.1", "10.0.0.2"], "limits": { "fold_ops": 7, "ring_idle": 1500 }
            }
            """);
        ServerOptions options = Read(file, new() { ["trust_proxy:0"] = "10.0.0.9", ["data"] = "/flag" },
            ("SHARERPC_DATA", "/variable"), ("SHARERPC_URLS", "http://127.0.0.1:2"),
            ("SHARERPC_ALLOW_ORIGIN", "https://a.example, https://b.example"), ("SHARERPC_LIMITS__FOLD_BYTES", "9"))
            .Options.Server;

        Assert.Equal(("/flag", "http://127.0.0.1:2", true, 5L),
            (options.DataDirectory, options.Urls, options.OpenCreation, options.CompactAfterOps));
        Assert.Equal(["10.0.0.9"], options.TrustedProxies);
        Assert.Equal(["https://a.example", "https://b.example"], options.AllowedOrigins);
        Assert.Equal((7, 9L, TimeSpan.FromMilliseconds(1500)),
            (options.ServerLimits.FoldOps, options.ServerLimits.FoldBytes, options.ServerLimits.RingIdle));
        Assert.Equal(ServerLimits.Default.FoldInterval, options.ServerLimits.FoldInterval);
    }

    [Fact]
    public void Without_any_setting_the_options_are_those_of_the_library()
    {
        ServerOptions options = Read(null, []).Options.Server;
        Assert.Equal(new ServerOptions { DataDirectory = options.DataDirectory }.ToString(), options.ToString());
    }

    [Theory]
    [InlineData("""{"pubic_url":"https://a.example"}""", "pubic_url in ", "Did you mean public_url?")]
    [InlineData("""{"limits":{"fold_opps":1}}""", "fold_opps in ", "Did you mean fold_ops?")]
    [InlineData("""{"zzzz":1}""", "zzzz in ", "docs/configuration.md")]
    [InlineData("""{"urls":""", "is no configuration in JSON", "sharerpc.json")]
    [InlineData("""{"memory_budget":"12"}""", "memory_budget from ", "is not a size such as 256MB")]
    [InlineData("""{"compact_after_ops":"many"}""", "compact_after_ops from ", "is not a number")]
    [InlineData("""{"open_creation":"yes"}""", "open_creation from ", "neither true nor false")]
    [InlineData("""{"limits":{"fold_ops":0}}""", "limits.fold_ops from ", "is no number of 1 to")]
    public void A_mistake_in_the_file_is_named_with_its_place(string content, string what, string advice)
    {
        string file = FileWith(content);
        CliException refused = Assert.Throws<CliException>(() => Read(file, []));
        Assert.Equal(ExitCode.Usage, refused.ExitCode);
        Assert.Contains(what, refused.Message, StringComparison.Ordinal);
        Assert.Contains(advice, refused.Message, StringComparison.Ordinal);
        Assert.Contains(file, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_variable_that_is_no_setting_is_named_and_those_of_others_are_left_alone()
    {
        Read(null, [], ("SHARERPC_SERVER", "x"), ("SHARERPC_SERVICE_HOST", "10.0.0.1"),
            ("SHARERPC_PORT_8787_TCP", "x"), ("OTHER", "x"));
        CliException refused = Assert.Throws<CliException>(
            () => Read(null, [], ("SHARERPC_PUBLIC_ADDRESS", "https://a.example")));
        Assert.Equal("SHARERPC_PUBLIC_ADDRESS in the environment is no setting. Did you mean SHARERPC_PUBLIC_URL?",
            refused.Message);
    }

    [Fact]
    public void A_file_that_was_named_must_be_there()
    {
        CliException refused = Assert.Throws<CliException>(() => Read(directory["none.json"], []));
        Assert.Contains("none.json", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_has_every_setting_with_its_names_its_default_and_its_meaning()
    {
        string table = "| key | default | meaning |\n|---|---|---|\n" + string.Concat(
            ServeSettings.All.Select(setting => $"| `{setting.Key}` | "
                + $"{(setting.Default.Length == 0 ? "none" : setting.Default)} | {setting.Description} |\n"));
        string page = File.ReadAllText(RepositoryRoot.Path("docs", "configuration.md"));
        Assert.True(page.Contains(table, StringComparison.Ordinal), $"docs/configuration.md should have:\n{table}");
    }

    [Fact]
    public void The_help_of_serve_has_every_bound_with_its_default()
    {
        string help = Examples.Of(ShareRpc.Cli.Commands.Serve.Build())!;
        string[] words = help.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        foreach (PropertyInfo limit in typeof(ServerLimits).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            object value = limit.GetValue(ServerLimits.Default)!;
            if (value is TimeSpan time) value = (long)time.TotalMilliseconds;
            int at = Array.IndexOf(words, JsonNamingPolicy.SnakeCaseLower.ConvertName(limit.Name));
            Assert.True(at > 0 && words[at + 1] == Convert.ToString(value, CultureInfo.InvariantCulture), limit.Name);
        }

        Assert.All(help.Split('\n'), line => Assert.InRange(line.Length, 0, 120));
    }

    public void Dispose() => directory.Dispose();

    private string FileWith(string content)
    {
        string path = directory["sharerpc.json"];
        File.WriteAllText(path, content);
        return path;
    }

    private static ServeConfiguration Read(
        string? file, Dictionary<string, string?> flags, params (string Name, string Value)[] variables) =>
        ServeConfiguration.Read(
            flags, new Hashtable(variables.ToDictionary(entry => entry.Name, entry => entry.Value)), file);
}
