using System.Text.Json;
using System.Text.RegularExpressions;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Tidy;

/// <summary>THIRD-PARTY-NOTICES.txt names what the tool ships of others.</summary>
public sealed partial class NoticesTests
{
    private const string Remedy = "run npm ci and node eng/dependencies.mjs notices";

    [Fact]
    public void The_notices_name_every_package_of_the_tool_in_the_version_that_it_has()
    {
        using var assets = JsonDocument.Parse(
            File.ReadAllText(RepositoryRoot.Path("src", "ShareRpc.Cli", "obj", "project.assets.json")));
        IEnumerable<string> used = assets.RootElement.GetProperty("targets").GetProperty("net10.0").EnumerateObject()
            .Where(library => library.Value.GetProperty("type").GetString() == "package" && HasCode(library.Value))
            .Select(library => library.Name.Replace('/', ' '));
        HashSet<string> named = [.. Entry().Matches(File.ReadAllText(RepositoryRoot.Path("THIRD-PARTY-NOTICES.txt")))
            .Select(match => match.Groups[1].Value)];
        Assert.All(used, package => Assert.True(named.Contains(package), $"{package} is not named: {Remedy}"));
    }

    private static bool HasCode(JsonElement library) => ((string[])["runtime", "runtimeTargets", "native"]).Any(kind =>
        library.TryGetProperty(kind, out JsonElement files)
            && files.EnumerateObject().Any(file => !file.Name.EndsWith("_._", StringComparison.Ordinal)));

    [GeneratedRegex(@"^(\S+ \d\S+)\n  licence: ", RegexOptions.Multiline, 1000)]
    private static partial Regex Entry();
}
