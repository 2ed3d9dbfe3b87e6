using System.Collections;
using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests.Opencode;

/// <summary>
/// A home of opencode's own: configuration, data, cache and state in one folder, nothing of the person who runs the
/// tests.
/// </summary>
internal sealed class OpencodeHome
{
    private readonly string folder;
    private readonly Dictionary<string, string?> environment;

    public OpencodeHome(string folder, Uri shareServer, string modelAddress)
    {
        this.folder = folder;
        environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(entry => (string)entry.Key)
            .Where(name => name.StartsWith("OPENCODE", StringComparison.Ordinal)).ToDictionary(name => name,
                _ => (string?)null);
        foreach (string name in new[] { "CONFIG", "DATA", "CACHE", "STATE" })
            environment[$"XDG_{name}_HOME"] = PathOf(name);
        environment["HOME"] = PathOf("HOME");
        foreach (string what in new[] { "AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "DEFAULT_PLUGINS" })
            environment[$"OPENCODE_DISABLE_{what}"] = "1";
        Directory.CreateDirectory(Project);
        Directory.CreateDirectory(PathOf("HOME"));
        Directory.CreateDirectory(Path.Combine(PathOf("CONFIG"), "opencode"));
        File.WriteAllText(
            Path.Combine(PathOf("CONFIG"), "opencode", "opencode.json"),
            Configuration(shareServer, modelAddress).ToJsonString());
    }

    public string Project => PathOf("project");

    public string Database => Path.Combine(PathOf("DATA"), "opencode", "opencode.db");

    /// <summary>Adds a section to the configuration.</summary>
    public void Configure(string section, JsonObject value)
    {
        string path = Path.Combine(PathOf("CONFIG"), "opencode", "opencode.json");
        JsonObject all = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        all[section] = value;
        File.WriteAllText(path, all.ToJsonString());
    }

    /// <summary>A headless opencode, ready for requests.</summary>
    public async Task<OpencodeServer> ServeAsync(CancellationToken cancellationToken)
    {
        Tool process = Tool.StartExecutable(
            OpencodePackage.Program, Project, environment, "serve", "--hostname", "127.0.0.1", "--port", "0");
        try
        {
            const string Ready = "listening on ";
            string? Line() => process.Lines.FirstOrDefault(line => line.Contains(Ready, StringComparison.Ordinal));
            await Until.TrueAsync(() => Line() is not null || process.HasExited, cancellationToken);
            Assert.False(process.HasExited, process.Errors);
            return new OpencodeServer(process,
                new Uri(Line()![(Line()!.IndexOf(Ready, StringComparison.Ordinal) + Ready.Length)..]));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs one command to its end.</summary>
    public async Task<Tool> RunAsync(CancellationToken cancellationToken, params string[] arguments)
    {
        Tool process = Tool.StartExecutable(OpencodePackage.Program, Project, environment, arguments);
        await process.WaitForExitAsync(cancellationToken);
        return process;
    }

    private static JsonObject Configuration(Uri shareServer, string modelAddress) => new()
    {
        ["enterprise"] = new JsonObject { ["url"] = shareServer.ToString().TrimEnd('/') },
        ["share"] = "manual", ["autoupdate"] = false,
        ["model"] = "scripted/scripted", ["small_model"] = "scripted/scripted",
        ["permission"] = new JsonObject { ["*"] = "allow" },
        ["provider"] = new JsonObject
        {
            ["scripted"] = new JsonObject
            {
                ["npm"] = "@ai-sdk/openai-compatible", ["name"] = "Scripted",
                ["options"] = new JsonObject { ["baseURL"] = modelAddress, ["apiKey"] = "none" },
                ["models"] = new JsonObject
                {
                    ["scripted"] = new JsonObject
                    {
                        ["name"] = "Scripted", ["tool_call"] = true,
                        ["limit"] = new JsonObject { ["context"] = 100_000, ["output"] = 4_000 },
                    },
                },
            },
        },
    };

    private string PathOf(string name) => Path.Combine(folder, name);
}
