namespace ShareRpc.EndToEndTests;

/// <summary>
/// What some tests need beside the SDK. Where it is missing they are skipped, visibly; on a build machine (CI=true),
/// which installs everything, they run and fail.
/// </summary>
internal static class Needs
{
    /// <summary>Returns why a test of this program is skipped; null when it is there, or must be.</summary>
    public static string? Program(string program, string otherwise) =>
        IsBuildMachine || Has(program) ? null : otherwise;

    public static bool IsBuildMachine => Environment.GetEnvironmentVariable("CI") is not null;

    private static bool Has(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));
}
