using System.Globalization;

namespace ShareRpc.EndToEndTests;

/// <summary>The size of a test that <c>eng/deep-tests</c> runs larger than <c>dotnet test</c>: SHARERPC_SIZE.</summary>
internal static class DeepSize
{
    /// <summary>Returns the size that <c>eng/deep-tests</c> asks for, else the one of <c>dotnet test</c>.</summary>
    public static int Or(int everyDay)
    {
        string? asked = Environment.GetEnvironmentVariable("SHARERPC_SIZE");
        return int.TryParse(asked, CultureInfo.InvariantCulture, out int size) ? size : everyDay;
    }
}
