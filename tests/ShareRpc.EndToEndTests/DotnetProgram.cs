namespace ShareRpc.EndToEndTests;

/// <summary>The dotnet program that runs the tests.</summary>
internal static class DotnetProgram
{
    public static string Path { get; } =
        Environment.ProcessPath is { } own && System.IO.Path.GetFileNameWithoutExtension(own) == "dotnet"
            ? own : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
}
