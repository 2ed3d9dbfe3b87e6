namespace ShareRpc.EndToEndTests;

/// <summary>The dotnet program that runs the tests.</summary>
internal static class DotnetProgram
{
    public static string Path { get; } =
        Environment.ProcessPath is { } own && System.IO.Path.GetFileNameWithoutExtension(own) == "dotnet"
            ? own : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    /// <summary>Gets the folder of the runtimes, whatever links lead to it.</summary>
    public static string Folder { get; } = System.IO.Path.GetFullPath(System.IO.Path.Combine(
        System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
}
