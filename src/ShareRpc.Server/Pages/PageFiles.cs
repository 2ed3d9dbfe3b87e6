using System.Reflection;
using System.Text;

namespace ShareRpc.Server.Pages;

/// <summary>The embedded pages of src/viewer (eng/Viewer.targets), if built.</summary>
internal sealed class PageFiles
{
    private const string Prefix = "viewer/";
    private const string Assets = "assets/";
    private const string Html = "text/html; charset=utf-8";
    private readonly Dictionary<string, PageFile> assets;

    private PageFiles(Dictionary<string, byte[]> files)
    {
        assets = files.Where(file => file.Key.StartsWith(Assets, StringComparison.Ordinal)
            && !IsEncoded(file.Key)).ToDictionary(
            file => file.Key[Assets.Length..],
            file => new PageFile(
                TypeOf(file.Key), file.Value, files.GetValueOrDefault(file.Key + ".br"),
                files.GetValueOrDefault(file.Key + ".gz")));
        if (files.TryGetValue("viewer.html", out byte[]? viewer))
        {
            Viewer = new PageFile(Html, OneLevelDown(viewer));
            Landing = new PageFile(Html, viewer);
        }

        Offline = files.GetValueOrDefault("offline.html");
        if (files.TryGetValue("admin.html", out byte[]? admin)) Admin = new PageFile(Html, admin);
    }

    public static PageFiles Embedded { get; } = new(ReadEmbedded());

    /// <summary>Gets the page for any link; the link is not checked.</summary>
    public PageFile Viewer { get; } = new(Html, TextPage.Html);

    /// <summary>Gets the page at the root, which asks for a link.</summary>
    public PageFile? Landing { get; }

    public PageFile? Admin { get; }

    /// <summary>Gets the page of <see cref="OfflinePage"/>.</summary>
    public byte[]? Offline { get; }

    /// <summary>Gets the names, which contain a content hash.</summary>
    public IEnumerable<string> AssetNames => assets.Keys;

    public PageFile? Asset(string name) => assets.GetValueOrDefault(name);

    /// <summary>Makes asset paths relative for links one level below the root, wherever a proxy maps it.</summary>
    private static byte[] OneLevelDown(byte[] html) => Encoding.UTF8.GetBytes(
        Encoding.UTF8.GetString(html).Replace("\"./" + Assets, "\"../" + Assets, StringComparison.Ordinal));

    private static bool IsEncoded(string name) => Path.GetExtension(name) is ".br" or ".gz";

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        ".png" => "image/png",
        ".woff2" => "font/woff2",
        _ => "application/octet-stream",
    };

    private static Dictionary<string, byte[]> ReadEmbedded()
    {
        Assembly assembly = typeof(PageFiles).Assembly;
        var files = new Dictionary<string, byte[]>();
        foreach (string name in assembly.GetManifestResourceNames().Where(name =>
            name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            byte[] content = new byte[stream.Length];
            stream.ReadExactly(content);
            files.Add(name[Prefix.Length..], content);
        }

        return files;
    }
}
