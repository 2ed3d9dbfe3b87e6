using System.Collections;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using ShareRpc.Cli.Commands;
using ShareRpc.Server;

namespace ShareRpc.Cli.Configuration;

/// <summary>
/// Reads the settings of <c>serve</c>: a flag wins over a variable, a variable over the file. What none of them names
/// keeps its default; a key that is no setting ends the command with a usage error that names the nearest one.
/// </summary>
internal sealed class ServeConfiguration
{
    public const string Prefix = "SHARERPC_";

    public const string DefaultFile = "sharerpc.json";

    private const string TheEnvironment = "the environment";

    private const string Hidden = "(hidden)";

    /// <summary>
    /// Names of the environment that are no settings: of other commands, of this project's tests, and what Kubernetes
    /// sets for a service that is called sharerpc.
    /// </summary>
    private static readonly string[] Others =
    [
        "CONFIG", "SERVER", "STATE", "TOKEN_FILE", "TOKEN", "ROOT_TOKEN", "FAULT", "SEED", "SIZE", "SCREENSHOTS",
        "RUNS", "WRITE_SCHEMA", "PORT",
    ];

    private static readonly string[] OtherStarts = ["TEST_", "SERVICE_", "PORT_"];

    private readonly List<(IConfigurationProvider Provider, string From)> sources = [];
    private readonly List<(string Key, string[] Values, bool IsSecret, string From)> found = [];

    private ServeConfiguration()
    {
    }

    public ServeOptions Options { get; } =
        new(new ServerOptions { DataDirectory = Path.GetFullPath(Serve.DefaultData) });

    /// <summary>Gets the keys that are set, with their values, secrets hidden, and where they come from.</summary>
    public IEnumerable<(string Key, string[] Values, string From)> Found => found.Select(
        item => (item.Key, item.IsSecret ? [Hidden] : item.Values, item.From));

    /// <summary>Reads what is set. Throws a usage error that names the place of a mistake.</summary>
    /// <param name="flags">The keys and values of the flags that were given.</param>
    /// <param name="variables">The environment.</param>
    /// <param name="file">The file that must be there; null: <c>sharerpc.json</c>, if it is there.</param>
    public static ServeConfiguration Read(
        IEnumerable<KeyValuePair<string, string?>> flags, IDictionary variables, string? file)
    {
        var read = new ServeConfiguration();
        read.AddFile(file ?? variables[Prefix + "CONFIG"] as string);
        read.Add(TheEnvironment, from DictionaryEntry entry in variables
            let name = (string)entry.Key
            where name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && !IsOther(name[Prefix.Length..])
            select KeyValuePair.Create(
                name[Prefix.Length..].Replace("__", ":", StringComparison.Ordinal), entry.Value as string));
        read.Add("the command line", flags);
        foreach ((IConfigurationProvider provider, string from) in read.sources) CheckKeys(provider, from);
        foreach (Setting setting in ServeSettings.All) read.Take(setting);
        foreach (string name in LimitSettings.Names) read.TakeLimit(name);
        return read;
    }

    private void Add(string from, IEnumerable<KeyValuePair<string, string?>> values)
    {
        IConfigurationRoot root = new ConfigurationBuilder().AddInMemoryCollection(values).Build();
        sources.Add((root.Providers.Single(), from));
    }

    private void AddFile(string? file)
    {
        string path = Path.GetFullPath(file ?? DefaultFile);
        if (!File.Exists(path))
        {
            if (file is null) return;
            throw new CliException(ExitCode.Usage, $"There is no file {path}. Name the configuration with --config.");
        }

        try
        {
            using FileStream content = File.OpenRead(path);
            IConfigurationRoot root = new ConfigurationBuilder().AddJsonStream(content).Build();
            sources.Add((root.Providers.Single(), path));
        }
        catch (Exception error) when (error is FormatException or InvalidDataException or JsonException)
        {
            string cause = (error.InnerException ?? error).Message;
            throw new CliException(ExitCode.Usage, $"{path} is no configuration in JSON: {cause}");
        }
    }

    /// <summary>Throws a usage error at the first key that is no setting.</summary>
    private static void CheckKeys(IConfigurationProvider provider, string from)
    {
        string[] known = [.. ServeSettings.All.Select(setting => setting.Key), LimitSettings.Section];
        bool isVariable = from == TheEnvironment;
        foreach (string key in provider.GetChildKeys([], null).Distinct(StringComparer.OrdinalIgnoreCase))
            Check(key, known);

        foreach (string name in provider.GetChildKeys([], LimitSettings.Section)) Check(name, LimitSettings.Names);

        void Check(string key, IEnumerable<string> names)
        {
            if (names.Contains(key, StringComparer.OrdinalIgnoreCase)) return;
            string? nearest = NearestKey.Find(key, names);
            string Shown(string name) => isVariable ? Prefix + name.ToUpperInvariant() : name;
            string hint = nearest is null ? "See docs/configuration.md for all." : $"Did you mean {Shown(nearest)}?";
            throw new CliException(ExitCode.Usage, $"{Shown(key)} in {from} is no setting. {hint}");
        }
    }

    private static bool IsOther(string name) => Others.Contains(name, StringComparer.OrdinalIgnoreCase)
        || OtherStarts.Any(start => name.StartsWith(start, StringComparison.OrdinalIgnoreCase));

    private void Take(Setting setting)
    {
        foreach ((IConfigurationProvider provider, string from) in Enumerable.Reverse(sources))
        {
            string[] values = ReadValues(provider, setting);
            if (values.Length == 0) continue;
            TryApply(setting.Key, values, from, setting.IsSecret, () => setting.Apply(Options, values));
            return;
        }
    }

    private void TakeLimit(string name)
    {
        foreach ((IConfigurationProvider provider, string from) in Enumerable.Reverse(sources))
        {
            if (!provider.TryGet($"{LimitSettings.Section}:{name}", out string? text) || text is null) continue;
            TryApply($"{LimitSettings.Section}.{name}", [text], from, isSecret: false,
                () => LimitSettings.Apply(Options.Server, name, text));
            return;
        }
    }

    private void TryApply(string key, string[] values, string from, bool isSecret, Action apply)
    {
        try
        {
            apply();
            found.Add((key, values, isSecret, from));
        }
        catch (FormatException mistake)
        {
            string shown = isSecret ? Hidden : string.Join(", ", values);
            throw new CliException(ExitCode.Usage, $"{key} from {from}: {shown} {mistake.Message}.");
        }
    }

    /// <summary>Returns the value, or the values of a list: an array, or one text with commas.</summary>
    private static string[] ReadValues(IConfigurationProvider provider, Setting setting)
    {
        const StringSplitOptions Trimmed = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        if (provider.TryGet(setting.Key, out string? text) && !string.IsNullOrEmpty(text))
            return setting.Form == SettingForm.List ? text.Split(',', Trimmed) : [text];
        if (setting.Form != SettingForm.List) return [];
        return [.. provider.GetChildKeys([], setting.Key).Distinct()
            .Select(index => provider.TryGet($"{setting.Key}:{index}", out string? item) ? item : null)
            .OfType<string>()];
    }
}
