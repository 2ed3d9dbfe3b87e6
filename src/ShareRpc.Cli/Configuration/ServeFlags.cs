using System.CommandLine;

namespace ShareRpc.Cli.Configuration;

/// <summary>The flags of all settings, and <c>--config</c>, on a command.</summary>
internal sealed class ServeFlags
{
    private readonly Dictionary<Setting, Option> flags =
        ServeSettings.All.ToDictionary(setting => setting, setting => setting.ToOption());

    private readonly Option<string?> config = new("--config")
    {
        Description = "File with the settings [default: $SHARERPC_CONFIG, else ./sharerpc.json if it is there]",
        HelpName = "FILE",
    };

    public ServeFlags(Command command)
    {
        foreach (Option flag in flags.Values) command.Add(flag);
        command.Add(config);
    }

    /// <summary>Reads file, environment and flags; throws a usage error that names the place of a mistake.</summary>
    public ServeConfiguration Read(ParseResult parsed) => ServeConfiguration.Read(
        flags.SelectMany(flag => ValuesOf(parsed, flag.Key, flag.Value)), Environment.GetEnvironmentVariables(),
        parsed.GetValue(config));

    private static IEnumerable<KeyValuePair<string, string?>> ValuesOf(
        ParseResult parsed, Setting setting, Option flag)
    {
        if (parsed.GetResult(flag) is not { Implicit: false }) return [];
        return flag switch
        {
            Option<string[]> list => (parsed.GetValue(list) ?? []).Select((text, index) =>
                KeyValuePair.Create($"{setting.Key}:{index}", (string?)text)),
            Option<bool?> isOn => [KeyValuePair.Create(setting.Key, (string?)$"{parsed.GetValue(isOn) ?? true}")],
            _ => [KeyValuePair.Create(setting.Key, parsed.GetValue((Option<string?>)flag))],
        };
    }
}
