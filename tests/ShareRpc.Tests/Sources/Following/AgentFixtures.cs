namespace ShareRpc.Tests.Sources.Following;

/// <summary>Files that real agents wrote, beside the repository; tests that need them are skipped without.</summary>
internal static class AgentFixtures
{
    public const string Missing = "needs ../shared/fixtures/agents beside the repository";

    public static string? Folder { get; } = Find();

    /// <summary>Returns the scenarios of an agent's versions, by their paths below the folder.</summary>
    public static IEnumerable<string> Scenarios(string agent) => Folder is null ? [] : Directory
        .EnumerateDirectories(Folder, $"{agent}-*").SelectMany(Directory.EnumerateDirectories)
        .Select(path => Path.GetRelativePath(Folder, path)).Order(StringComparer.Ordinal);

    public static string Home(string scenario) => Path.Combine(Folder!, scenario, "home", "dev");

    /// <summary>Copies a scenario's home directory, to be changed.</summary>
    public static string Copy(string scenario, string target)
    {
        string source = Home(scenario);
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
            File.SetAttributes(copy, FileAttributes.Normal);
        }

        return target;
    }

    private static string? Find()
    {
        for (string? at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
        {
            if (!File.Exists(Path.Combine(at, "ShareRpc.sln"))) continue;
            string found = Path.GetFullPath(Path.Combine(at, "..", "shared", "fixtures", "agents"));
            return Directory.Exists(found) ? found : null;
        }

        return null;
    }
}

/// <summary>A test on files of real agents.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AgentFactAttribute : FactAttribute
{
    public AgentFactAttribute()
    {
        if (AgentFixtures.Folder is null) Skip = AgentFixtures.Missing;
    }
}

/// <summary>A test on each of the files of real agents.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AgentTheoryAttribute : TheoryAttribute
{
    public AgentTheoryAttribute()
    {
        if (AgentFixtures.Folder is null) Skip = AgentFixtures.Missing;
    }
}
