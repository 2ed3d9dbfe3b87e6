using System.Reflection;

namespace ShareRpc.Cli.Samples;

/// <summary>The bundled sample: one real opencode session with its rows and its event log, as SQL (see extract-session.sh).</summary>
internal static class OpencodeSample
{
    /// <summary>Statements that make the database from nothing.</summary>
    public static string Sql()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("ShareRpc.Cli.Samples.opencode-session.sql")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
