using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace ShareRpc.Server.Hosting;

/// <summary>
/// Reads the certificate of the server, with its chain, from PEM files, and again when they change: connections that
/// begin then get the renewed one. Until both files fit each other, the earlier one stays. Any thread.
/// </summary>
internal sealed class ServerCertificate
{
    private readonly string certificatePath;
    private readonly string keyPath;
    private readonly Lock gate = new();
    private FileStamps stamps;
    private SslStreamCertificateContext current;

    /// <summary>Throws <see cref="ServerStartException"/> if the files are not what they should be.</summary>
    public ServerCertificate(string certificatePath, string keyPath)
    {
        this.certificatePath = certificatePath;
        this.keyPath = keyPath;
        try
        {
            stamps = ReadStamps();
            current = Read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            string path = File.Exists(certificatePath) ? keyPath : certificatePath;
            throw new ServerStartException(
                $"{path} cannot be read: see that --tls-cert and --tls-key name files that this user may read.");
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new ServerStartException(
                $"{certificatePath} and {keyPath} are not a certificate and its key: --tls-cert takes a PEM file with "
                    + "the certificate first and its chain, --tls-key one with the key of that certificate, without a "
                    + "passphrase.");
        }
    }

    /// <summary>Returns the newest certificate.</summary>
    public SslStreamCertificateContext Find(ILogger log)
    {
        lock (gate)
        {
            try
            {
                FileStamps now = ReadStamps();
                if (now == stamps) return current;
                stamps = now;
                current = Read();
                log.CertificateRenewed(certificatePath, current.TargetCertificate.NotAfter);
            }
            catch (Exception error) when (
                error is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
            {
                log.CertificateUnreadable(certificatePath, error.GetType().Name);
            }

            return current;
        }
    }

    private SslStreamCertificateContext Read()
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(certificatePath);
        X509Certificate2 leaf = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
        if (OperatingSystem.IsWindows()) // its TLS takes no key that is only in memory
            leaf = X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pkcs12), password: null);
        return SslStreamCertificateContext.Create(leaf, chain, offline: true);
    }

    private FileStamps ReadStamps() => new(TimeOf(certificatePath), TimeOf(keyPath));

    /// <summary>Returns the time of the file that the path leads to, through whatever links.</summary>
    private static DateTime TimeOf(string path)
    {
        using var file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        return File.GetLastWriteTimeUtc(file);
    }

    private readonly record struct FileStamps(DateTime Certificate, DateTime Key);
}
